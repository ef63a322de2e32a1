import Glibc
import SkyCore
import SkyHTTP
import SkyKubernetes
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite(
    "A cluster of Kubernetes", .tags(.integration), .timeLimit(.minutes(10)),
    .enabled(if: KubernetesEmulator.canRun, "\(KubernetesEmulator.obstacle ?? "")"))
struct KubernetesAdapterTests {
    @Test("keeps all that is relied upon")
    func conformance() async throws {
        try await KubernetesUnderTest.use { world in
            let adapter = try await world.adapter()
            let kit = try #require(
                ConformanceKit(adapter, region: "prod", instanceType: KubernetesUnderTest.wholeNode, nonce: "t1"))
            for check in ConformanceKit.checks {
                let outcome = await kit.perform(check)
                #expect(outcome.complaint == nil, "\(check.id): \(outcome)")
            }
            let state = try world.emulator.state()
            #expect(state.pods.isEmpty && state.containers == 0 && state.failures == [])
        }
    }

    @Test("one token asked for by two brokers that do not know of each other is one group")
    func twoBrokers() async throws {
        try await KubernetesUnderTest.use { world in
            let (a, b) = (try await world.adapter(), try await world.adapter(broker: "b"))
            let request = try world.request("run-abcd--one--1", nodes: 2)
            async let first = a.provision(request)
            async let second = b.provision(request)
            let groups = try await [first, second]
            #expect(groups[0].nodes == groups[1].nodes)
            #expect(try world.pods().count == 2)
            try await b.terminate(token: request.token)
            #expect(await kubernetesRefusal { _ = try await a.provision(request) }?.kind == .lost)
            #expect(try world.pods().isEmpty)
        }
    }

    @Test("nodes become offers: whole, in halves, with the accelerators that labels tell of, at the person's price")
    func offers() async throws {
        try await KubernetesUnderTest.use { world in
            try world.emulator.tell(
                """
                {"node": {"name": "gpu-1", "allocatable": {"cpu": "15890m", "memory": "64Gi", "nvidia.com/gpu": "4"},
                  "labels": {"cloud.google.com/gke-accelerator": "nvidia-l4", "topology.kubernetes.io/zone": "eu-a"},
                  "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]}}
                """)
            try world.emulator.tell(
                """
                {"node": {"name": "closed", "allocatable": {"cpu": "64", "memory": "64Gi"},
                  "taints": [{"key": "team", "value": "other", "effect": "NoSchedule"}]}}
                """)
            let adapter = try await world.adapter {
                $0.pricePerHour = Money("0.80")
                $0.pricePerAcceleratorHour = Money("1")
            }
            let machines = adapter.clusters.clusters[0].machines
            #expect(
                machines.map(\.machineType) == [
                    "4c-8g", "2c-4g", "1c-2g", "0.5c-1g", "15.8c-64g-L4x4", "7.9c-32g-L4x2", "3.9c-16g-L4x1",
                ])
            #expect(machines.map(\.count) == [3, 6, 12, 24, 1, 2, 4])
            #expect(machines[5].pricePerHour == Money("2.40") && machines[5].zone == "eu-a")
            let group = try await adapter.provision(try world.request("run-abcd--gpu--1", type: "7.9c-32g-L4x2"))
            let pod = try #require(try world.emulator.state().pods.first)
            #expect(pod.node == "gpu-1")
            #expect(pod.spec.containers[0].resources?.limits?["nvidia.com/gpu"] == "2")
            #expect(pod.spec.nodeSelector?["cloud.google.com/gke-accelerator"] == "nvidia-l4")
            try await adapter.terminate(token: group.token)
        }
    }

    @Test("half a gang is none: when not all find room in time, all are given back, and the scheduler's words say why")
    func gangWithoutRoom() async throws {
        try await KubernetesUnderTest.use { world in
            // Two of three have to come up in that time, however busy this machine is.
            let adapter = try await world.adapter { $0.queueLimit = .seconds(10) }
            let first = try await adapter.provision(try world.request("run-abcd--first--1"))
            let late = try world.request("run-abcd--late--1", nodes: 3)
            let asked = Task { await kubernetesRefusal { _ = try await adapter.provision(late) } }
            var reason: String?
            for _ in 0..<500 where reason == nil {
                reason = adapter.waiting.reason(late.token)
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(reason?.contains("Insufficient cpu") == true, "\(reason ?? "")")
            let refusal = try #require(await asked.value)
            #expect(refusal.kind == .noCapacity)
            #expect(refusal.message.contains("2 of 3 pods came up"), "\(refusal.message)")
            #expect(refusal.message.contains("3 Insufficient cpu"), "\(refusal.message)")
            #expect(try world.pods() == first.nodes.map(\.id))
            #expect(adapter.waiting.reason(late.token) == nil)
            // What was taken back had never been: with room it comes up.
            try await adapter.terminate(token: first.token)
            let patient = try await world.adapter()
            #expect(try await patient.provision(late).nodes.count == 3)
            try await patient.terminate(token: late.token)
        }
    }

    struct Refusal: CustomTestStringConvertible {
        var told: String
        var kind: ProviderError.Kind
        var words: String
        var testDescription: String { "\(kind.rawValue): \(words)" }
    }

    @Test(
        "what the cluster says when it refuses is sorted, and leaves nothing",
        arguments: [
            Refusal(told: #"{"quota": 1}"#, kind: .quota, words: "exceeded quota"),
            Refusal(told: #"{"denied": [{"verb": "create", "resource": "pods"}]}"#, kind: .credentials, words: "role"),
            Refusal(told: #"{"tokens": {}}"#, kind: .credentials, words: "Unauthorized"),
            Refusal(
                told:
                    #"{"fault": {"method": "POST", "status": 403, "reason": "Forbidden", "message": "x is forbidden: violates PodSecurity \"restricted:latest\""}}"#,
                kind: .badRequest, words: "pod security"),
            Refusal(
                told:
                    #"{"fault": {"method": "POST", "status": 422, "reason": "Invalid", "message": "Pod is invalid"}}"#,
                kind: .badRequest, words: "Pod is invalid"),
            Refusal(
                told:
                    #"{"fault": {"method": "POST", "path": "/pods", "status": 500, "reason": "InternalError", "times": 9}}"#,
                kind: .transient, words: "HTTP 500"),
            Refusal(
                told: #"{"fault": {"method": "POST", "path": "/pods", "status": 418, "reason": "Teapot", "times": 9}}"#,
                kind: .transient, words: "HTTP 418"),
            Refusal(
                told: #"{"images": [{"image": "docker.io", "error": "InvalidImageName", "message": "bad"}]}"#,
                kind: .badRequest, words: "'image'"),
            Refusal(
                told: #"{"images": [{"image": "docker.io", "error": "ErrImageNeverPull", "message": "not here"}]}"#,
                kind: .badRequest, words: "not here"),
        ])
    func refused(_ case: Refusal) async throws {
        try await KubernetesUnderTest.use { world in
            let adapter = try await world.adapter()
            try world.emulator.tell(`case`.told)
            let request = try world.request("run-abcd--none--1", nodes: 2)
            let refusal = try #require(await kubernetesRefusal { _ = try await adapter.provision(request) })
            #expect(refusal.kind == `case`.kind && refusal.message.contains(`case`.words), "\(refusal)")
            try world.emulator.tell(#"{"denied": [], "tokens": {"admin-token": "admin"}, "quota": null, "images": []}"#)
            if refusal.kind == .transient { try await adapter.terminate(token: request.token) }
            #expect(try world.pods().isEmpty)
        }
    }

    @Test(
        "answers that are lost, late or throttled make one group all the same",
        arguments: [
            #"{"method": "POST", "path": "/pods", "after": true}"#,
            #"{"method": "POST", "path": "/pods", "drop": true}"#,
            #"{"path": "/pods", "status": 429, "reason": "TooManyRequests", "retry_after": 1, "times": 2}"#,
            #"{"method": "GET", "path": "/pods", "status": 503, "reason": "ServiceUnavailable", "times": 3}"#,
            #"{"path": "/exec", "drop": true}"#,
        ])
    func trouble(_ fault: String) async throws {
        try await KubernetesUnderTest.use { world in
            let adapter = try await world.adapter()
            try world.emulator.tell("{\"fault\": \(fault)}")
            let request = try world.request("run-abcd--one--1", nodes: 2)
            var group: NodeGroup?
            for _ in 0..<3 where group == nil {
                let refusal = await kubernetesRefusal { group = try await adapter.provision(request) }
                #expect(refusal == nil || refusal?.kind == .transient, "\(refusal?.message ?? "")")
            }
            #expect(try world.pods() == (group?.nodes.map(\.id) ?? []).sorted() && group?.nodes.count == 2)
            try await adapter.terminate(token: request.token)
            #expect(try world.pods().isEmpty)
        }
    }

    enum Loss: String, CaseIterable {
        case evict, preempt, oom, lose_node, delete

        var words: String {
            switch self {
            case .evict: "ran out of disk"
            case .preempt: "higher priority"
            case .oom: "used more memory"
            case .lose_node: "its node does not answer"
            case .delete: "is gone"
            }
        }
    }

    @Test("a pod that is taken away makes its group lost, and says how", arguments: Loss.allCases)
    func loss(_ loss: Loss) async throws {
        try await KubernetesUnderTest.use { world in
            let adapter = try await world.adapter()
            let request = try world.request("run-abcd--one--1", nodes: 2)
            let group = try await adapter.provision(request)
            let pod = group.nodes[1].id
            let node = try #require(try world.emulator.state().pods.first { $0.name == pod }?.node)
            switch loss {
            case .delete:
                let session = try adapter.session("prod")
                try await session.client.delete(.pod(pod, in: "default"), grace: 0, "delete")
            default: try world.emulator.tell("{\"\(loss.rawValue)\": \"\(loss == .lose_node ? node : pod)\"}")
            }
            var now = try await adapter.describe(token: request.token)
            for _ in 0..<1000 where now?.state == .running {
                try await Task.sleep(for: .milliseconds(20))
                now = try await adapter.describe(token: request.token)
            }
            #expect(now?.state == .lost && now?.reason?.contains(loss.words) == true, "\(now?.reason ?? "-")")
            #expect(try await adapter.list(run: request.run).map(\.state) == [.lost])
            #expect(await kubernetesRefusal { _ = try await adapter.provision(request) }?.kind == .lost)
            let channel = await kubernetesRefusal {
                _ = try await adapter.channel(to: group.nodes[1], of: group).connect()
            }
            #expect(channel?.kind == .lost, "\(channel?.message ?? "-")")
            try await adapter.terminate(token: request.token)
            #expect(try world.pods().isEmpty)
        }
    }

    @Test("a broker that dies between any two calls leaves one group or none, and the next one finishes it")
    func killedBetweenCalls() async throws {
        try await KubernetesUnderTest.use { world in
            let probe = try await world.adapter()
            try world.emulator.tell(#"{"forget_calls": true}"#)
            let sample = try world.request("run-abcd--sample--1", nodes: 2, type: "1c-2g")
            _ = try await probe.provision(sample)
            let calls = try world.emulator.state().calls.count
            try await probe.terminate(token: sample.token)
            for count in 0...calls {
                for isHeard in [false, true] {
                    let request = try world.request("run-abcd--k\(count)\(isHeard)--1", nodes: 2, type: "1c-2g")
                    let dying = try await world.adapter(tries: 1)
                    try world.emulator.tell("{\"dead_after\": {\"count\": \(count), \"after\": \(isHeard)}}")
                    // With one try of each call and nobody who answers, it ends by itself where a kill would have ended it.
                    let cut = Task { try? await dying.provision(request) }
                    try await Task.sleep(for: .milliseconds(400))
                    cut.cancel()
                    _ = await cut.value
                    try world.emulator.tell(#"{"dead_after": null}"#)
                    // Half of the time its books are lost with it.
                    let next = try await world.adapter(broker: count % 2 == 0 ? "a" : "b\(count)\(isHeard)")
                    let group = try await next.provision(request)
                    #expect(try world.pods() == group.nodes.map(\.id).sorted(), "after \(count) calls")
                    try await next.terminate(token: request.token)
                    #expect(try world.pods().isEmpty, "after \(count) calls")
                    #expect(try await next.list(run: nil).isEmpty)
                }
            }
        }
    }

    @Test("a port of a node is reached from here, and bytes come through as they are")
    func forwarding() async throws {
        try await KubernetesUnderTest.use { world in
            let adapter = try await world.adapter()
            let port = try #require(freePort())
            let group = try await adapter.provision(try world.request("run-abcd--serve--1", port: port))
            #expect(group.nodes[0].endpointPort == port)
            let channel = try await adapter.channel(to: group.nodes[0], of: group)
            let agent = try await channel.connect()
            _ = try await agent.submit(
                JobSpec(
                    id: "job",
                    run: "head -c 300000 /dev/urandom > big; exec python3 -m http.server --bind 127.0.0.1 \(port)"))
            let local = try #require(try await channel.forward(port: port))
            #expect(try await channel.forward(port: port) == local && local != port)
            let client = HTTPClient()
            var answer: HTTPResponse?
            for _ in 0..<1000 where answer?.status != 200 {
                answer = try? await client.send(HTTPRequest(.get, "http://127.0.0.1:\(local)/big"))
                try await Task.sleep(for: .milliseconds(20))
            }
            try await channel.pull(from: "work/big", to: "\(world.emulator.folder)/big")
            let file = try Files.read("\(world.emulator.folder)/big")
            #expect(answer?.body == file && file?.count == 300_000)
            await agent.close()
            try await adapter.terminate(token: group.token)
        }
    }

    @Test("people get into a pod, files of any bytes go there and back, and no secret is left anywhere")
    func files() async throws {
        try await KubernetesUnderTest.use { world in
            let adapter = try await world.adapter()
            let group = try await adapter.provision(try world.request("run-abcd--files--1"))
            let channel = try await adapter.channel(to: group.nodes[0], of: group)
            let here = "\(world.emulator.folder)/here"
            try Files.makeFolder(here, mode: 0o700)
            var generator = SystemRandomNumberGenerator()
            let bytes = (0..<(4 << 20)).map { _ in UInt8.random(in: 0 ... .max, using: &generator) }
            try Files.put("\(here)/in", bytes)
            try await channel.push(from: "\(here)/in", to: "work/in")
            try await channel.pull(from: "work/in", to: "\(here)/out")
            #expect(try Files.read("\(here)/out") == bytes)
            let agent = try await channel.connect()
            _ = try await agent.submit(JobSpec(id: "job", run: "sleep 600"))
            let entrance = try await channel.entrance(job: "job", command: "pwd; exit 7", hasTerminal: false)
            #expect(!entrance.arguments.contains { $0.contains("admin-token") })
            let outcome = try await ShellCommand(program: entrance.executable, arguments: entrance.arguments).run()
            #expect(outcome.exitCode == 7 && outcome.output.contains("/work"), "\(outcome.errors)")
            await agent.close()
            let grep = try await ShellCommand(
                program: "/bin/grep", arguments: ["-rl", "admin-token", world.state(), "\(world.emulator.folder)/pods"]
            ).run()
            #expect(grep.output.isEmpty, "\(grep.output)")
            try await adapter.terminate(token: group.token)
        }
    }
}

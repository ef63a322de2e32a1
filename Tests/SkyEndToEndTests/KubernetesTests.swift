import Glibc
import SkyProcess
import SkyTestSupport
import Testing

@Suite(
    "A cluster of Kubernetes, played by this machine", .tags(.integration), .timeLimit(.minutes(15)),
    .enabled(if: KubernetesEmulator.canRun, "\(KubernetesEmulator.obstacle ?? "")"))
struct KubernetesTests {
    /// `sky` with such a cluster among its settings.
    private func use<Result>(
        settings: String = "", _ body: (SkyUnderTest, KubernetesEmulator) async throws -> Result
    ) async throws -> Result {
        try await KubernetesEmulator.use { emulator in
            let kubeconfig = try emulator.kubeconfig()
            return try await SkyUnderTest.use { sky in
                try Files.makeFolder("\(sky.home)/config", mode: 0o700)
                _ = try sky.write(
                    """
                    clusters:
                      prod:
                        context: test
                        kubeconfig: \(kubeconfig)
                        price: 0.80
                    \(settings)
                    """, as: "config/kubernetes.yaml")
                return try await body(sky, emulator)
            }
        }
    }

    /// A pipeline of one stage on two nodes.
    private func gang(_ run: String, more: String = "", in sky: SkyUnderTest) throws -> String {
        let lines = run.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n")
        return try sky.write(
            """
            name: gang
            stages:
              train:
                resources: {infra: kubernetes/prod, cpus: 4+, image_id: "docker:python:3.12"}
                num_nodes: 2
            \(more)
                run: |
            \(lines)
            """)
    }

    @Test("a gang of two ranks is two pods: files come and go, nothing is left, and nobody's token is anywhere")
    func wholeLife() async throws {
        try await use { sky, emulator in
            let check = try await sky("check")
            #expect(check.output.contains("✓ prod/default: v1.20.2, 3 4c-8g"), "\(check.output)")
            let pipeline = try gang(
                """
                echo "rank $SKY_NODE_RANK of $SKY_NUM_NODES in $HOME"
                [ "$SKY_NODE_RANK" != 0 ] || hostname > "$SKY_OUTPUT_MODEL"
                """, more: "    outputs: {model: {size: 1KB}}", in: sky)
            let launch = try await sky("launch", pipeline, "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("gang", in: launch)
            let log = try await sky("logs", run, "train").output
            #expect(log.contains(/rank 0 of 2 in .*pods/) && log.contains(/rank 1 of 2 in .*pods/), "\(log)")
            let train = try await sky.status(of: run).stage("train")
            #expect(train.provider == "kubernetes" && train.region == "prod" && train.attempts == 1)
            let state = try emulator.state()
            #expect(state.pods.isEmpty && state.containers == 0)
            #expect(state.failures == [])
            #expect(try await sky("gc").exitCode == 0)
            #expect(sky.processes.isEmpty, "\(sky.processes)")
            let grep = try await sky.run(
                "/bin/grep", ["-rl", "admin-token", "\(sky.home)/state", "\(sky.home)/config"])
            #expect(grep.output.isEmpty, "\(grep.output)")
        }
    }

    @Test("pipelines/gang learns one model on two pods, in a ring over sockets")
    func ring() async throws {
        try await use { sky, emulator in
            let folder = try sky.copy(ofPipeline: "gang")
            let text = try sky.text(of: "\(folder)/pipeline.yaml")
                .replacing("infra: local", with: "infra: kubernetes/prod")
                .replacing("num_nodes: 4", with: "num_nodes: 2")
            let pipeline = try sky.write(text, as: "gang/pipeline.yaml")
            let launch = try await sky("launch", pipeline, "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let status = try await sky.status(of: try sky.runName("gang", in: launch))
            #expect(
                status.state == "succeeded" && status.stages.allSatisfy { $0.provider == "kubernetes" }, "\(status)")
            #expect(try emulator.state().pods.isEmpty)
        }
    }

    @Test("a service in a pod is reached through the API server, and taken down with its pod")
    func service() async throws {
        try await use { sky, emulator in
            let port = try #require(freePort())
            let pipeline = try sky.write(
                """
                name: serve
                stages:
                  web:
                    resources: {infra: kubernetes/prod}
                    service: {port: \(port), readiness_probe: /}
                    run: |
                      sleep 1; exec python3 -m http.server --bind 127.0.0.1 "$SKY_SERVICE_PORT"
                """)
            let launch = try await sky("launch", pipeline, "--yes", "--detach")
            let run = try sky.runName("serve", in: launch)
            try await sky.wait("it serves") { try await sky.status(of: run).stage("web").url != nil }
            let inside = try await sky("ssh", run, "web", "--", "echo inside; exit 7")
            #expect(inside.exitCode == 7 && inside.output.contains("inside"), "\(inside.output)\(inside.errors)")
            #expect(try await sky("down", run).exitCode == 0)
            #expect(try emulator.state().pods.isEmpty)
        }
    }

    @Test("an evicted pod is lost with its reason, and the stage goes on from what it had saved")
    func eviction() async throws {
        try await use { sky, emulator in
            let pipeline = try sky.write(CountingPipeline.text("{infra: kubernetes/prod}"))
            let launch = try await sky("launch", pipeline, "--yes", "--detach")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("count", in: launch)
            try await CountingPipeline.waitUntilSaved(run, sky)
            let pod = try #require(try emulator.state().pods.first).name
            try emulator.tell("{\"evict\": \"\(pod)\"}")
            try await sky.wait("it is done") { try await sky.status(of: run).state == "succeeded" }
            let events = try await sky("events", run).output
            #expect(events.contains("ran out of disk"), "\(events)")
            #expect(try await sky("logs", run, "count").output.contains("from 7"))
            #expect(try emulator.state().pods.isEmpty)
        }
    }

    @Test(
        "sky provider test kubernetes keeps all of it; a stranger with the same settings finds and gives back what is left"
    )
    func providerTest() async throws {
        try await use { sky, emulator in
            let answer = try await sky("provider", "test", "kubernetes", "--yes")
            #expect(answer.exitCode == 0, "\(answer.output)\(answer.errors)")
            let launch = try await sky("launch", try gang("sleep 600", in: sky), "--yes", "--detach")
            let run = try sky.runName("gang", in: launch)
            try await sky.wait("it runs") { try await sky.status(of: run).stage("train").state == "running" }
            for driver in sky.processes(whoseCommandHas: "driver \(run)") { _ = kill(driver, SIGKILL) }
            try Disk.remove("\(sky.home)/state")
            let garbage = try await sky("gc", "--yes")
            #expect(garbage.output.contains(run), "\(garbage.output)\(garbage.errors)")
            #expect(try emulator.state().pods.isEmpty)
        }
    }

    @Test("what we may not do there is said by check, and a gang without room says why while it waits")
    func rights() async throws {
        try await use(settings: "    queue: 5s") { sky, emulator in
            try emulator.tell(
                #"{"denied": [{"verb": "get", "resource": "pods/exec"}, {"verb": "list", "resource": "events"}]}"#)
            let check = try await sky("check")
            #expect(check.output.contains("may not get pods/exec, list events"), "\(check.output)")
            try emulator.tell(#"{"denied": [], "is_scheduling": false}"#)
            let refused = try await sky("launch", try gang("true", in: sky), "--yes")
            #expect(refused.exitCode != 0)
            #expect(try emulator.state().pods.isEmpty)
        }
    }

    @Test(
        "the broker is killed between any two calls of a launch: never two pods, and none is left",
        arguments: HeldCall.When.allCases)
    func killedAnywhere(_ when: HeldCall.When) async throws {
        try await use { sky, emulator in
            let kills = try await KilledLaunches(
                sky: sky, cloud: emulator, resources: "{infra: kubernetes/prod, cpus: 1}", from: "/pods"
            ).everywhere([when], named: ["POST .*/pods(\\?|$)", "DELETE .*/pods"]) {
                let state = try emulator.state()
                #expect(state.pods.isEmpty && state.containers == 0)
                #expect(state.failures == [])
            }
            #expect(kills > 3, "a launch has more calls, however few looks it takes")
        }
    }
}

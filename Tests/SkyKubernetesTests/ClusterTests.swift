import Glibc
import SkyCore
import SkyHTTP
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyKubernetes

extension Tag {
    @Tag static var integration: Self
}

@Suite(
    "An API server", .tags(.integration), .serialized, .timeLimit(.minutes(5)),
    .enabled(if: KubernetesEmulator.canRun, "\(KubernetesEmulator.obstacle ?? "")"))
struct ClusterTests {
    private func client(_ emulator: KubernetesEmulator, user: String = "token: admin-token") throws -> KubernetesClient
    {
        let config = try Kubeconfig.read([
            try emulator.kubeconfig("config-\(UInt32.random(in: 0 ... .max))", user: user)
        ])
        let access = try config.access(to: nil)
        return KubernetesClient(
            access, credentials: ClusterCredentials(access, environment: [:], cacheFolder: nil), caller: HTTPCaller(),
            retries: HTTPRetries(tries: 3, firstPause: TimeSpan(milliseconds: 5), deadline: .seconds(20)))
    }

    @Test("tokens and client certificates let us in, and it is said who we are; strangers and other authorities do not")
    func identity() async throws {
        try await KubernetesEmulator.use { emulator in
            let certificate =
                "client-certificate: \(emulator.pki("certified.crt"))\nclient-key: \(emulator.pki("certified.key"))"
            let certified = try client(emulator, user: certificate)
            _ = try await certified.list(ClusterNode.self, .nodes, "list")
            // A server of that age does not say who we are: our certificate does.
            #expect(await certified.identity() == "certified")
            try emulator.tell(#"{"minor": 31}"#)
            #expect(await (try client(emulator)).identity() == "admin")
            let stranger = try client(emulator, user: "token: wrong")
            let refused = await #expect(throws: KubernetesError.self) {
                _ = try await stranger.list(ClusterNode.self, .nodes, "list the nodes")
            }
            #expect(refused?.status == 401 && refused?.reason == "Unauthorized")
            var access = try client(emulator).access
            access.route.authorities = nil
            let trusting = KubernetesClient(
                access, credentials: ClusterCredentials(access, environment: [:], cacheFolder: nil),
                caller: HTTPCaller())
            let untrusted = await #expect(throws: KubernetesError.self) {
                _ = try await trusting.list(ClusterNode.self, .nodes, "list the nodes")
            }
            #expect(untrusted?.kind == .untrusted, "\(untrusted?.message ?? "")")
        }
    }

    @Test("long lists come page by page, and are begun anew when their pages are forgotten; what passes is tried again")
    func lists() async throws {
        try await KubernetesEmulator.use { emulator in
            let client = try client(emulator)
            #expect(try await client.list(ClusterNode.self, .nodes, "list", page: 1).count == 3)
            try emulator.tell(#"{"fault": {"path": "/nodes", "status": 410, "reason": "Expired", "times": 0}}"#)
            try emulator.tell(#"{"fault": {"path": "/nodes", "status": 429, "retry_after": 0, "times": 2}}"#)
            #expect(try await client.list(ClusterNode.self, .nodes, "list").count == 3)
            try emulator.tell(#"{"denied": [{"verb": "list", "resource": "nodes"}]}"#)
            let denied = await #expect(throws: KubernetesError.self) {
                _ = try await client.list(ClusterNode.self, .nodes, "list the nodes")
            }
            #expect(denied?.status == 403 && denied?.message.contains("cannot list resource") == true)
            #expect(try await !client.may(ClusterRight("list", "nodes", in: nil)))
            #expect(try await client.may(ClusterRight("create", "pods", in: "default")))
        }
    }

    /// A pod that runs.
    private func pod(_ client: KubernetesClient) async throws {
        let manifest = PodManifest(
            metadata: ObjectMetadata(name: "p"), image: "debian", requests: ["cpu": "1"], limits: [:])
        _ = try await client.create(manifest, answer: Pod.self, .pods(in: "default"), "create")
        while try await client.get(Pod.self, .pod("p", in: "default"), "get").status?.phase != "Running" {
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private struct Ran {
        var status: Result<Int, PodStreamFailure>
        var output: [UInt8]
        var errors: [UInt8]
    }

    /// Runs a command with files as its streams.
    private func run(
        _ script: String, input: [UInt8]?, _ client: KubernetesClient, in folder: String
    ) async throws -> Ran {
        let command = PodCommand(
            namespace: "default", pod: "p", command: ["/bin/sh", "-c", script], hasInput: input != nil)
        let request = try await client.request(
            .exec(
                command.command, in: command.container, of: "p", "default", hasInput: input != nil, hasTerminal: false))
        let base = "\(folder)/streams-\(UInt32.random(in: 0 ... .max))"
        try Files.put("\(base).in", input ?? [])
        let streams = try ["in", "out", "err"].map {
            try Descriptor.open("\(base).\($0)", $0 == "in" ? O_RDONLY : O_RDWR | O_CREAT)
        }
        defer { for stream in streams { close(stream) } }
        let status = await withCheckedContinuation { continuation in
            startThread {
                let result = Result { () throws(PodStreamFailure) in
                    try command.run(request, input: streams[0], output: streams[1], errors: streams[2])
                }
                continuation.resume(returning: result)
            }
        }
        return Ran(
            status: status, output: try Files.read("\(base).out") ?? [], errors: try Files.read("\(base).err") ?? [])
    }

    @Test("the emulator answers just as a real 1.20 did")
    func confirmed() async throws {
        let differences = try await KubernetesEmulator.differencesFromRecorded()
        #expect(differences.isEmpty, "\(differences)")
    }

    @Test("a container that does not run is told from one that cannot be reached")
    func ended() async throws {
        try await KubernetesEmulator.use { emulator in
            let client = try client(emulator)
            try await pod(client)
            try emulator.tell(#"{"oom": "p"}"#)
            let late = try await run("true", input: nil, client, in: emulator.folder)
            guard case .failure(.gone(let words)) = late.status else {
                Issue.record("\(late.status)")
                return
            }
            #expect(words.contains(#"container not found ("node")"#), "\(words)")
        }
    }

    @Test("a command's streams and status come through, old servers and new", arguments: [20, 31])
    func commands(minor: Int) async throws {
        try await KubernetesEmulator.use { emulator in
            try emulator.tell("{\"minor\": \(minor)}")
            let client = try client(emulator)
            try await pod(client)
            let both = try await run("echo out; echo err >&2; exit 7", input: nil, client, in: emulator.folder)
            #expect(try both.status.get() == 7)
            #expect(both.output == Array("out\n".utf8) && both.errors == Array("err\n".utf8))
            let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
            let counted = try await run(
                "head -c \(bytes.count) | cat; exit 3", input: bytes, client, in: emulator.folder)
            #expect(try counted.status.get() == 3)
            #expect(counted.output == bytes)
            if minor >= 30 {
                // Only new servers tell a command that its input has ended.
                let ended = try await run("cat; exit 5", input: Array("all".utf8), client, in: emulator.folder)
                #expect(try ended.status.get() == 5)
                #expect(ended.output == Array("all".utf8))
            }
            let none = try await run("cat; exit 4", input: nil, client, in: emulator.folder)
            #expect(try none.status.get() == 4)
        }
    }

    @Test("a pod that is not there, or does not run, is gone; what we may not do is refused")
    func noCommands() async throws {
        try await KubernetesEmulator.use { emulator in
            let client = try client(emulator)
            let missing = try await run("true", input: nil, client, in: emulator.folder)
            guard case .failure(.gone) = missing.status else {
                Issue.record("\(missing.status)")
                return
            }
            try await pod(client)
            try emulator.tell(#"{"denied": [{"resource": "pods/exec"}]}"#)
            let refused = try await run("true", input: nil, client, in: emulator.folder)
            guard case .failure(.refused(let error)) = refused.status else {
                Issue.record("\(refused.status)")
                return
            }
            #expect(error.message.contains("cannot get resource"))
            try emulator.tell(#"{"denied": [], "oom": "p"}"#)
            let over = try await run("true", input: nil, client, in: emulator.folder)
            guard case .failure(.gone) = over.status else {
                Issue.record("\(over.status)")
                return
            }
        }
    }
}

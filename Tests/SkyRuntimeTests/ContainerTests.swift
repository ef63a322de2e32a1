import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

/// Jobs in containers. Each test runs with a `docker` that only pretends, which says what it was told and runs it in processes of its own
/// (root alone may make those), and with podman where that really runs containers on this machine.
@Suite("jobs in containers", .serialized, .timeLimit(.minutes(5)))
struct ContainerTests {
    enum Engine: String, CaseIterable, CustomTestStringConvertible, Sendable {
        case pretended, podman

        var testDescription: String { rawValue }
    }

    static let engines: [Engine] = Engine.allCases.filter { engine in
        engine == .pretended ? PretendedDocker.isPossible : PodmanUnderTest.image != nil
    }

    private func use(_ engine: Engine, _ body: (TestNode, AgentClient, String) async throws -> Void) async throws {
        switch engine {
        case .pretended: try await PretendedDocker.use { try await body($0, $1, "some/image:1") }
        case .podman:
            let image = try #require(PodmanUnderTest.image)
            try await withAgent(environment: PodmanUnderTest.environment) { try await body($0, $1, image) }
        }
    }

    @Test(
        "setup and commands run in one container, in the working directory, with the job's variables",
        arguments: engines)
    func runs(engine: Engine) async throws {
        try await use(engine) { node, agent, image in
            #expect(agent.agent.containers == (engine == .podman ? "podman" : "docker"))
            try Files.makeFolder("\(node.directory)/inputs")
            try Files.put("\(node.directory)/inputs/data", "given\n".utf8, mode: 0o644)
            let job = JobSpec(
                id: "j", setup: "echo installed > /tmp/by-setup-\(getpid())",
                run: """
                    cat /tmp/by-setup-\(getpid()) "$SKY_INPUT_DATA"; pwd; echo "$PLAIN|$TOKEN"; id -u
                    echo out > "$SKY_OUTPUT_X"; echo problem >&2; exit 7
                    """,
                environment: [
                    "PLAIN": "it's\ntwo lines", "SKY_INPUT_DATA": "\(node.directory)/inputs/data",
                    "SKY_OUTPUT_X": "\(node.directory)/work/x",
                ], secrets: ["TOKEN": "hush $HOME `id` \"'"], image: image)
            _ = try await agent.submit(job)
            #expect(try await agent.waitForExit(ofJob: "j") == 7)
            let log = try await agent.wholeLog(ofJob: "j")
            let expected =
                "installed\ngiven\n\(node.directory)/work\nit's\ntwo lines|hush $HOME `id` \"'\n\(geteuid())\n"
            #expect(log.contains(expected) && log.contains("problem\n"), "\(log)")
            var status = stat()
            #expect(stat("\(node.directory)/work/x", &status) == 0 && status.st_uid == geteuid())
            #expect(node.job("j").containerRuntime() == nil)
            #expect(node.survivors() == [node.agentPID])
        }
    }

    @Test(
        "a secret is in no command line and in the variables of no process but those of the container",
        arguments: engines)
    func secrets(engine: Engine) async throws {
        try await use(engine) { node, agent, image in
            let secret = "hush-\(UInt64.random(in: 0 ... .max))"
            _ = try await agent.submit(
                JobSpec(
                    id: "j", run: "echo ready; while [ ! -e go ]; do sleep 0.1; done", secrets: ["TOKEN": secret],
                    image: image))
            for try await chunk in agent.logs(ofJob: "j", from: 0, follow: true)
            where String(decoding: chunk.bytes, as: UTF8.self).contains("ready") { break }
            var knowing = 0
            for process in ProcessTable.all() {
                #expect(!ProcessTable.arguments(of: process.pid).contains { $0.contains(secret) })
                guard let variables = ProcessTable.environment(of: process.pid), variables["TOKEN"] == secret else {
                    continue
                }
                knowing += 1
                #expect(variables["SKY_JOB_DIR"] == "\(node.directory)/jobs/j")
            }
            #expect(knowing >= 1, "the job itself knows it")
            try node.letGo()
            #expect(try await agent.waitForExit(ofJob: "j") == 0)
            for file in Files.names(in: "\(node.directory)/jobs/j") where file != "lifeline" {
                let bytes = try Files.read("\(node.directory)/jobs/j/\(file)") ?? []
                #expect(!String(decoding: bytes, as: UTF8.self).contains(secret), "\(file)")
            }
        }
    }

    @Test("a job that is asked to end may clean up in its container", arguments: engines)
    func cleansUp(engine: Engine) async throws {
        try await use(engine) { node, agent, image in
            let command = "trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.05; done"
            _ = try await agent.submit(JobSpec(id: "j", run: command, image: image))
            for try await chunk in agent.logs(ofJob: "j", from: 0, follow: true)
            where String(decoding: chunk.bytes, as: UTF8.self).contains("ready") { break }
            try await agent.kill(job: "j", grace: .seconds(60))
            let log = try await agent.wholeLog(ofJob: "j")
            #expect(try await agent.waitForExit(ofJob: "j") == 9, "\(log)")
            #expect(log.contains("bye\n"), "\(log)")
            #expect(node.survivors() == [node.agentPID])
        }
    }

    @Test("one that does not listen, and one whose time is over, are gone with all they started", arguments: engines)
    func ended(engine: Engine) async throws {
        try await use(engine) { node, agent, image in
            let stubborn =
                "trap '' TERM; (trap '' TERM; while :; do sleep 0.05; done) & echo ready; while :; do sleep 0.05; done"
            _ = try await agent.submit(JobSpec(id: "deaf", run: stubborn, image: image))
            for try await chunk in agent.logs(ofJob: "deaf", from: 0, follow: true)
            where String(decoding: chunk.bytes, as: UTF8.self).contains("ready") { break }
            #expect(node.survivors().count >= 4, "the agent, the supervisor, and two in the container at least")
            try await agent.kill(job: "deaf", grace: TimeSpan(milliseconds: 100))
            #expect(try await agent.state(ofJob: "deaf") == .exited(code: 137))
            #expect(node.survivors() == [node.agentPID])
            #expect(node.job("deaf").containerRuntime() == nil)

            _ = try await agent.submit(
                JobSpec(id: "late", run: "sleep 1000", limits: JobLimits(time: .seconds(2)), image: image))
            let end = try await agent.waitForEnd(ofJob: "late")
            #expect(end.exceeded == .time && end.code != 0)
            #expect(node.survivors() == [node.agentPID])
        }
    }

    @Test("when the supervisor is killed its container goes too", arguments: engines)
    func supervisorDies(engine: Engine) async throws {
        try await use(engine) { node, agent, image in
            _ = try await agent.submit(JobSpec(id: "j", run: "echo ready; sleep 1000", image: image))
            for try await chunk in agent.logs(ofJob: "j", from: 0, follow: true)
            where String(decoding: chunk.bytes, as: UTF8.self).contains("ready") { break }
            kill(try await node.supervisor(of: "j"), SIGKILL)
            #expect(try await agent.waitForExit(ofJob: "j") == 137)
            #expect(node.survivors() == [node.agentPID])
            #expect(node.job("j").containerRuntime() == nil)
        }
    }

    @Test("a node that is swept after a power cut leaves no container behind", arguments: engines)
    func swept(engine: Engine) async throws {
        try await use(engine) { node, agent, image in
            _ = try await agent.submit(JobSpec(id: "j", run: "echo ready; sleep 1000", image: image))
            for try await chunk in agent.logs(ofJob: "j", from: 0, follow: true)
            where String(decoding: chunk.bytes, as: UTF8.self).contains("ready") { break }
            await NodeProcesses(directory: node.directory).cutPower()
            #expect(node.job("j").containerRuntime() != nil)
            #expect(Sweep(groupFolder: node.directory).killAll().isEmpty)
            #expect(node.job("j").containerRuntime() == nil && node.survivors().isEmpty)
            guard engine == .podman else { return }
            let name = ContainerScripts.name(of: node.job("j").path)
            #expect(try await !PodmanUnderTest.names().contains(name))
        }
    }

    @Test("an image that is not there fails the job, and its log says so", .enabled(if: PodmanUnderTest.image != nil))
    func noImage() async throws {
        try await withAgent(environment: PodmanUnderTest.environment) { _, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "true", image: "localhost/sky-test/no-such-image:1"))
            #expect(try await agent.waitForExit(ofJob: "j") == 126)
            #expect(try await agent.wholeLog(ofJob: "j").contains("sky-agent: podman could not start the container"))
        }
    }

    @Test("who is let in is inside the container", .enabled(if: PodmanUnderTest.image != nil))
    func entrance() async throws {
        try await use(.podman) { node, agent, image in
            let job = JobSpec(
                id: "j", run: "echo here > /tmp/inside; echo ready; sleep 1000", environment: ["A": "it's"],
                image: image)
            _ = try await agent.submit(job)
            for try await chunk in agent.logs(ofJob: "j", from: 0, follow: true)
            where String(decoding: chunk.bytes, as: UTF8.self).contains("ready") { break }
            let variables = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"].merging(PodmanUnderTest.environment) { $1 }
            let visit = ProcessSpawn(
                try TestNode.executable,
                NodeEntrance.agentArguments(
                    directory: node.directory, job: "j", command: "cat /tmp/inside; pwd; echo $A; exit 7"),
                environment: variables, standardOutput: .append(path: "\(node.directory)/said"),
                standardError: .append(path: "\(node.directory)/said"))
            #expect(try await visit.start().wait() == .exited(code: 7))
            let said = String(decoding: try Files.read("\(node.directory)/said") ?? [], as: UTF8.self)
            #expect(said == "here\n\(node.directory)/work\nit's\n")
            try await agent.kill(job: "j", grace: .zero)
        }
    }

    @Test("a node without docker and podman says so from the first, and refuses")
    func refused() async throws {
        try await withTemporaryFolder { empty in
            try await withAgent(environment: ["PATH": empty]) { _, agent in
                #expect(agent.agent.containers == nil)
                let error = await #expect(throws: AgentError.self) {
                    try await agent.submit(JobSpec(id: "j", run: "true", image: "a/b"))
                }
                #expect(error?.kind == .refused && error?.message.contains("neither docker nor podman") == true)
                let state = try await agent.state(ofJob: "j")
                #expect(state == nil)
            }
        }
    }

    @Test("what docker is told")
    func scripts() throws {
        let scripts = ContainerScripts(
            runtime: ContainerRuntime(kind: .docker, path: "/usr/bin/docker"), image: "a/b:1", folder: "/n/jobs/j",
            node: "/n",
            job: JobSpec(
                id: "j", setup: "s", run: "r",
                environment: ["A": "it's", "not-a-name": "x", "SKY_CHECKPOINT_DIR": "/scratch"],
                limits: JobLimits(memory: DataSize(bytes: 1 << 30), files: 500), secrets: ["TOKEN": "hush"]),
            user: (1000, 100))
        try expectGolden(
            scripts.outside + "---- inside.sh\n" + scripts.inside + "---- variables\n" + scripts.variables,
            "container-scripts.txt")
    }
}

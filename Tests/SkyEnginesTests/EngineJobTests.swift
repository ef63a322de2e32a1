import Foundation
import SkyCore
import SkyEngines
import SkyProcess
import SkySpec
import SkyTestSupport
import Testing

@Suite("Jobs of stages with an engine")
struct EngineJobTests {
    private func node(
        _ rank: Int, of addresses: [String] = ["10.0.0.1", "10.0.0.2"], accelerators: Int = 0,
        folder: String = "/node/engine", install: [String: String] = [:]
    ) -> EngineNode {
        EngineNode(
            rank: rank, addresses: addresses, acceleratorsPerNode: accelerators, folder: folder,
            memoryLimit: DataSize("8GB"), installVariables: install, secret: "abc123")
    }

    private func text(_ job: EngineJob) -> String {
        let variables = job.variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined()
        return "# variables\n\(variables)# run\n\(job.run)"
    }

    @Test("torchrun and MPI: variables for each rank, and the command as it stands")
    func gangs() throws {
        let torchrun = EngineJob(
            of: StageEngine(.torchrun), command: "torchrun train.py\n", on: node(1, accelerators: 8))
        let mpi = EngineJob(
            of: StageEngine(.mpi, options: EngineOptions(port: 29500, processes: 2)), command: "mpirun solve\n",
            on: node(0))
        try expectGolden(text(torchrun) + "\n" + text(mpi), "gangs.txt")
    }

    @Test("all ranks meet at one port, and other attempts at another")
    func ports() {
        func port(_ rank: Int, secret: String) -> String? {
            let node = EngineNode(rank: rank, addresses: ["a", "b"], folder: "/f", secret: secret)
            return EngineJob(of: StageEngine(.torchrun), command: "", on: node).variables["MASTER_PORT"]
        }
        let all = (0..<50).map { port(0, secret: "secret \($0)") }
        #expect(all == (0..<50).map { port(1, secret: "secret \($0)") })
        #expect(Set(all).count > 45)
        #expect(all.allSatisfy { $0.flatMap { Int($0) }.map { (20_000..<32_000).contains($0) } ?? false })
    }

    @Test("Ray and Spark: the programs, what they are told, and the command; every rank runs the same")
    func clusters() throws {
        let ray = StageEngine(
            .ray,
            options: EngineOptions(
                cpus: 4, memory: DataSize("2GB"), objectStore: DataSize("100MB"), packages: ["numpy", "a \"b\""],
                startTimeout: TimeSpan(milliseconds: 90_500)))
        let spark = StageEngine(
            .spark, version: "4.0.1", options: EngineOptions(conf: ["spark.x": "1"], python: "python3.12"))
        let first = EngineJob(of: ray, command: "python3 a.py", on: node(0, install: ["PIP_INDEX_URL": "u", "X": "y"]))
        let second = EngineJob(of: spark, command: "spark-submit b.py\n", on: node(1))
        try expectGolden(withoutPrograms(text(first)) + "\n" + withoutPrograms(text(second)), "clusters.txt")
        #expect(EngineJob(of: ray, command: "python3 a.py", on: node(1)).run == first.run)
        #expect(!first.run.contains("abc123"))
    }

    /// The programs are read elsewhere, and change often.
    private func withoutPrograms(_ text: String) -> String {
        text.replacing(/(cat > [a-z_]+\.py <<'(SKY_END_*)'[^\n]*\n).*?\n(SKY_END_*\n)/.dotMatchesNewlines()) { match in
            "\(match.1)…\n\(match.3)"
        }
    }

    @Test(
        "what a shell writes into the engine's folder is what was meant, whatever is in the command",
        arguments: ["echo one", "cat <<'SKY_END'\nSKY_END\nSKY_END_\n", "a='$x' `y` \\\\ \"z\"\n\n\nSKY_END", "é\ttab"])
    func written(command: String) async throws {
        try await withTemporaryFolder { folder in
            let job = EngineJob(of: StageEngine(.ray), command: command, on: node(0, folder: "\(folder)/engine"))
            let tools = "\(folder)/tools"
            try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
            // In the place of Python: says what it was asked to run, and where.
            try Data("#!/bin/sh\necho \"$@ in $(pwd) $(umask)\"\n".utf8).write(to: URL(filePath: "\(tools)/python3"))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(tools)/python3")
            let answer = try await run(job, in: folder, path: "\(tools):/usr/bin:/bin")
            #expect(answer.code == 0, "\(answer.text)")
            #expect(answer.text == "-B \(folder)/engine/programs/launch.py in \(folder) 0022\n")
            let ending = command.hasSuffix("\n") ? "" : "\n"
            #expect(try contents("\(folder)/engine/programs/command.sh") == command + ending)
            let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "Sources/SkyEngines/Node").path
            for program in Files.names(in: sources) where program.hasSuffix(".py") {
                let sent = try contents("\(folder)/engine/programs/\(program)")
                #expect(try sent == contents("\(sources)/\(program)"), "\(program)")
            }
        }
    }

    @Test("a node without Python is told what it needs, and the job says that the engine cannot be had")
    func noPython() async throws {
        try await withTemporaryFolder { folder in
            let engine = StageEngine(.ray, options: EngineOptions(python: "python9.9"))
            let job = EngineJob(of: engine, command: "x", on: node(0, folder: "\(folder)/engine"))
            let answer = try await run(job, in: folder, path: "/usr/bin:/bin")
            #expect(EngineFailure(exitCode: answer.code) == .unavailable)
            #expect(
                answer.text.contains("[ray] this node has no python9.9, which ray needs: install it"), "\(answer.text)")
        }
    }

    private func run(_ job: EngineJob, in folder: String, path: String) async throws -> (code: Int, text: String) {
        let script = "\(folder)/run.sh"
        try Data(job.run.utf8).write(to: URL(filePath: script))
        var variables = job.variables
        variables["PATH"] = path
        let process = try ProcessSpawn(
            "/bin/sh", [script], environment: variables, workingDirectory: folder,
            standardOutput: .append(path: "\(folder)/out"), standardError: .append(path: "\(folder)/out")
        ).start()
        let end = await process.wait()
        return (end.shellCode, try contents("\(folder)/out"))
    }

    private func contents(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    @Test("a stage's own variables win, but for whose job it is")
    func variables() {
        let job = EngineJob(of: StageEngine(.torchrun), command: "x", on: node(0))
        let all = job.variables(over: ["MASTER_PORT": "1", "SKY_ENGINE_DIR": "/else", "OWN": "2"])
        #expect(all["MASTER_PORT"] == "1" && all["SKY_ENGINE_DIR"] == "/node/engine" && all["OWN"] == "2")
    }

    @Test("exit codes of engines mean on the node what they mean here")
    func exitCodes() throws {
        let run = EngineJob(of: StageEngine(.ray), command: "x", on: node(0)).run
        for failure in EngineFailure.allCases {
            #expect(run.contains(try Regex("\(failure.rawValue.uppercased()) = \(failure.exitCode)\\b")), "\(failure)")
            #expect(EngineFailure(exitCode: failure.exitCode) == failure)
        }
        #expect(EngineFailure(exitCode: 0) == nil && EngineFailure(exitCode: 1) == nil)
        #expect(EngineFailure.incomplete.sentence(rank: 0) == "rank 0: the engine was not up on all nodes in time")
    }
}

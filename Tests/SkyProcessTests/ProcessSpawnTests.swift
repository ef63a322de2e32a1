import Glibc
import SkyTestSupport
import Testing

@testable import SkyProcess

@Suite("starting processes", .timeLimit(.minutes(5)))
struct ProcessSpawnTests {
    /// What `/bin/sh -c script` writes, and how it ends.
    private func run(
        _ script: String, _ change: (inout ProcessSpawn) -> Void = { _ in }
    ) async throws -> (output: String, end: ProcessEnd) {
        let pipe = try Descriptor.pipe()
        defer { close(pipe.reading) }
        var spawn = ProcessSpawn("/bin/sh", ["-c", script])
        spawn.standardOutput = .descriptor(pipe.writing)
        change(&spawn)
        let process: SpawnedProcess
        do {
            defer { close(pipe.writing) }
            process = try spawn.start()
        }
        // What these write fits into the pipe.
        let end = await process.wait()
        return (String(decoding: try Descriptor.readAll(pipe.reading), as: UTF8.self), end)
    }

    @Test(
        "a process ends as it ends",
        arguments: [
            ("exit 0", ProcessEnd.exited(code: 0), 0), ("exit 255", .exited(code: 255), 255),
            ("kill -9 $$", .signalled(SIGKILL), 137), ("kill -TERM $$", .signalled(SIGTERM), 143),
        ])
    func ends(script: String, end: ProcessEnd, shellCode: Int) async throws {
        let result = try await run(script)
        #expect(result.end == end)
        #expect(result.end.shellCode == shellCode)
    }

    @Test("arguments, variables and the directory arrive as they were given")
    func arrives() async throws {
        try await withTemporaryFolder { folder in
            let awkward = "two words 'quoted' $HOME\nλ"
            let result = try await run("printf '%s|%s|%s' \"$1\" \"$A\" \"$(pwd)\"; env | grep -c B=") { spawn in
                spawn.arguments += ["sh", awkward]
                spawn.environment = ["A": awkward, "PATH": "/usr/bin:/bin"]
                spawn.workingDirectory = folder
            }
            #expect(result.output == "\(awkward)|\(awkward)|\(folder)0\n")
        }
    }

    @Test("a program without a slash is looked for in PATH")
    func search() async throws {
        let end = try await ProcessSpawn("true").start().wait()
        #expect(end == .exited(code: 0))
    }

    @Test("no descriptor and no signal setting gets through")
    func nothingLeaks() async throws {
        let leak = open("/dev/null", O_RDONLY)
        defer { close(leak) }
        let descriptors = try await run("ls /proc/$$/fd")
        #expect(descriptors.output.hasPrefix("0\n1\n2\n"))
        #expect(!descriptors.output.contains("\n\(leak)\n"))
        // Without a shell, which has ideas of its own about signals.
        let status = try await run("") { spawn in
            (spawn.executable, spawn.arguments) = ("/bin/cat", ["/proc/self/status"])
        }
        let masks = ["SigBlk", "SigIgn"].map { name in
            status.output.split(separator: "\n").first { $0.hasPrefix(name) }?.split(separator: "\t").last ?? ""
        }
        #expect(masks[0] == "0000000000000000")
        // The C library keeps 32 and 33 for itself.
        #expect(UInt64(masks[1], radix: 16).map { $0 & 0x7fff_ffff } == 0)
    }

    @Test("extra descriptors are 3 and on")
    func extraDescriptors() async throws {
        let pipe = try Descriptor.pipe()
        defer { close(pipe.reading) }
        let result = try await run("echo three >&3; echo four >&4") { spawn in
            spawn.extraDescriptors = [pipe.writing, pipe.writing]
        }
        close(pipe.writing)
        #expect(result.end == .exited(code: 0))
        #expect(try Descriptor.readAll(pipe.reading) == Array("three\nfour\n".utf8))
    }

    @Test("output is appended to a file that only the owner reads")
    func appends() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/log"
            for text in ["one", "two"] {
                _ = try await run("echo \(text); echo \(text) >&2") { spawn in
                    spawn.standardOutput = .append(path: path)
                    spawn.standardError = .append(path: path)
                }
            }
            #expect(try Files.read(path) == Array("one\none\ntwo\ntwo\n".utf8))
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        }
    }

    @Test(
        "a process leads what it is to lead",
        arguments: [(ProcessSpawn.Leadership.none, false, false), (.group, true, false), (.session, true, true)])
    func leadership(leadership: ProcessSpawn.Leadership, leadsGroup: Bool, leadsSession: Bool) async throws {
        let process = try ProcessSpawn("/bin/sleep", ["100"], leadership: leadership).start()
        let status = ProcessTable.status(of: process.pid)
        process.signal(SIGKILL)
        #expect(await process.wait() == .signalled(SIGKILL))
        #expect((status?.group == process.pid) == leadsGroup)
        #expect((status?.session == process.pid) == leadsSession)
    }

    @Test("what cannot be started says what and why, and leaves no descriptor open")
    func cannotStart() async throws {
        let spawns = [
            (ProcessSpawn("/no/such/program"), "cannot start /no/such/program: No such file or directory"),
            (ProcessSpawn("no-such-program"), "cannot start no-such-program: No such file or directory"),
            (
                ProcessSpawn("/bin/true", workingDirectory: "/no/folder"),
                "cannot start /bin/true in /no/folder: No such file or directory"
            ),
            (ProcessSpawn("/bin/true", ["a\0b"]), "cannot start /bin/true with these arguments: Invalid argument"),
            (
                ProcessSpawn("/bin/true", environment: ["A": "a\0b"]),
                "cannot start /bin/true with these arguments: Invalid argument"
            ),
        ]
        for (spawn, message) in spawns {
            let error = #expect(throws: SystemError.self) { try spawn.start() }
            #expect(error?.description == message)
        }
    }

    @Test("many may wait for one process, and after its end nobody can signal it")
    func manyWaiters() async throws {
        let process = try ProcessSpawn("/bin/sh", ["-c", "sleep 0.05; exit 3"]).start()
        await withTaskGroup(of: ProcessEnd.self) { group in
            for _ in 0..<20 { group.addTask { await process.wait() } }
            for await end in group { #expect(end == .exited(code: 3)) }
        }
        #expect(process.end == .exited(code: 3))
        process.signal(SIGKILL)
        process.signalGroup(SIGKILL)
        #expect(await process.wait() == .exited(code: 3))
        #expect(process.waitBlocking() == .exited(code: 3))
    }

    @Test("waiting for fifty processes holds up no thread of the pool")
    func manyProcesses() async throws {
        let processes = try (0..<50).map { _ in try ProcessSpawn("/bin/sleep", ["100"]).start() }
        await withTaskGroup(of: ProcessEnd.self) { group in
            for process in processes { group.addTask { await process.wait() } }
            for process in processes { process.signal(SIGTERM) }
            for await end in group { #expect(end == .signalled(SIGTERM)) }
        }
    }

    @Test("signalling the group takes the children too")
    func group() async throws {
        let process = try ProcessSpawn("/bin/sh", ["-c", "sleep 100 & wait"], leadership: .group).start()
        while ProcessTable.descendants(of: process.pid).isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        let children = ProcessTable.descendants(of: process.pid)
        process.signalGroup(SIGTERM)
        #expect(await process.wait() == .signalled(SIGTERM))
        while children.contains(where: { ProcessTable.isAlive($0.pid) }) { try await Task.sleep(for: .milliseconds(1)) }
    }
}

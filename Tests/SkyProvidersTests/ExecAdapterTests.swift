import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("Programs that speak for providers", .timeLimit(.minutes(3)))
struct ExecAdapterTests {
    /// A Python program that is given each question as `q`, and may say anything.
    private func withProgram(
        _ body: String, hello: String = "print(json.dumps({'id': q['id'], 'result': {'version': 1}}), flush=True)",
        settings: String = "", environment: [String: String] = [:],
        _ use: (ExecCloud, _ folder: String) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let program = """
                #!/usr/bin/env python3
                import json, os, sys, time
                def say(q, **answer): print(json.dumps({'id': q['id'], **answer}), flush=True)
                for line in sys.stdin:
                    q = json.loads(line)
                    if q['call'] == 'hello':
                        \(hello)
                        continue
                \(body.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n"))

                """
            try Files.put("\(folder)/cloud.py", Array(program.utf8), mode: 0o700)
            let profile = "name: own\nadapter: exec\nprogram: [./cloud.py]\n\(settings)\n"
            try Files.put("\(folder)/provider.yaml", Array(profile.utf8))
            let read = try ExecSettings.read(in: folder, home: folder)
            let own = ["PATH": String(cString: getenv("PATH") ?? strdup("/usr/bin:/bin"))].merging(environment) { $1 }
            let errors = ErrorTable(
                provider: "own",
                rows: [.init(code: "sold-out", kind: .noCapacity, isThrottling: false, advice: nil)])
            let cloud = ExecCloud(
                ExecProgram(
                    provider: "own", settings: read, errors: errors, folder: "\(folder)/state", environment: own))
            try await use(cloud, folder)
        }
    }

    private let name = MachineGroupName(token: "t-1")

    private func failure(_ body: () async throws(ProviderError) -> Void) async -> ProviderError? {
        do throws(ProviderError) { try await body() } catch { return error }
        return nil
    }

    @Test("it is started once, and asked many things at once, whose answers come in any order")
    func manyAtOnce() async throws {
        let body = """
            held = globals().setdefault('held', [])
            held.append(q)
            if len(held) == 3:
                for h in reversed(held): say(h, result={'gone': h['body']['token'] == 't-2', 'pid': os.getpid()})
            """
        try await withProgram(body) { cloud, _ in
            let answers = try await withThrowingTaskGroup(of: (Int, Bool).self) { tasks in
                for number in 0..<3 {
                    tasks.addTask { (number, try await cloud.remove(MachineGroupName(token: "t-\(number)"))) }
                }
                var all: [Int: Bool] = [:]
                for try await (number, gone) in tasks { all[number] = gone }
                return all
            }
            #expect(answers == [0: false, 1: false, 2: true])
        }
    }

    @Test("what it refuses has its kind, by its own word or by errors.csv, and an unknown one passes at first")
    func refusals() async throws {
        let body = "say(q, error=json.loads(q['body']['token']))"
        try await withProgram(body) { cloud, _ in
            for (error, kind) in [
                (#"{"kind": "quota", "message": "two at most"}"#, ProviderError.Kind.quota),
                (#"{"code": "sold-out", "message": "none left"}"#, .noCapacity),
                (#"{"code": "E42"}"#, .transient), ("{}", .transient), (#"{"kind": "sulky"}"#, .transient),
            ] {
                let refusal = await failure { () throws(ProviderError) in
                    _ = try await cloud.remove(MachineGroupName(token: error))
                }
                #expect(refusal?.kind == kind, "\(error): \(refusal?.message ?? "no error")")
            }
        }
    }

    static let hostile: [(what: String, body: String, says: String)] = [
        ("dies", "sys.exit(3)", "ended with code 3"),
        ("kills itself", "os.kill(os.getpid(), 9)", "signal 9"),
        ("closes its output", "os.close(0); os.close(1); time.sleep(60)", "signal 9"),
        ("answers nothing", "pass", "answered nothing for 5s"),
        ("answers something else", "say(q, result=[1, 2])", "something else than docs/exec-adapter.md says"),
        ("answers another question", "say({'id': 999}, result={'gone': True})", "answered nothing for 5s"),
        ("writes what is no JSON", "print('oops \\\\x1b[31m', flush=True)", "no answer: 'oops"),
        (
            "writes a line without end", "sys.stdout.write('x' * (17 << 20)); sys.stdout.flush(); time.sleep(60)",
            "more than"
        ),
        ("nests without end", "print('[' * 200000, flush=True)", "answered nothing for 5s"),
        ("writes bytes", "os.write(1, bytes(range(256)) * 10 + b'\\\\n')", "answered nothing for 5s"),
    ]

    @Test(
        "whatever it does, it is passing trouble, and the next question is put to a new one", arguments: hostile.indices
    )
    func hostility(_ index: Int) async throws {
        let (what, body, says) = Self.hostile[index]
        let sane = """
            if os.path.exists('sane'):
                say(q, result={'gone': True})
                continue
            open('sane', 'w').close()

            """
        try await withProgram(sane + body, settings: "time_limit: 5s") { cloud, _ in
            let refusal = await failure { () throws(ProviderError) in _ = try await cloud.remove(name) }
            #expect(refusal?.kind == .transient, "\(what)")
            #expect(refusal?.message.contains(says) == true, "\(what): \(refusal?.message ?? "no error")")
            let isGone = try await cloud.remove(name)
            #expect(isGone, "\(what)")
        }
    }

    @Test("one that speaks another version, or cannot be started, is no provider to be used")
    func otherVersion() async throws {
        let newer = "print(json.dumps({'id': q['id'], 'result': {'version': 2}}), flush=True)"
        try await withProgram("pass", hello: newer) { cloud, folder in
            let refusal = await failure { () throws(ProviderError) in _ = try await cloud.remove(name) }
            #expect(refusal?.kind == .credentials && refusal?.message.contains("version 2") == true)
            try Disk.remove("\(folder)/cloud.py")
            let gone = await failure { () throws(ProviderError) in _ = try await cloud.remove(name) }
            #expect(gone?.kind == .credentials && gone?.message.contains("cannot be started") == true)
        }
    }

    @Test("machines that cannot be are an error, not left out: nobody would give them back")
    func badMachines() async throws {
        let good: [String: String] = [
            "id": "'m1'", "token": "'t-1'", "run": "'run-abcd'", "rank": "0", "nodes": "1", "state": "'running'",
            "region": "'r'", "instance_type": "'x'",
        ]
        for (field, value) in [
            ("state", "'sleeping'"), ("rank", "7"), ("public_address", "'-oProxyCommand=x'"), ("ssh_port", "0"),
            ("user", "'a b'"), ("ports", "{'x': 1}"), ("run", "'../x'"), ("token", "'..'"), ("id", "''"),
        ] {
            let machine = good.merging([field: value]) { $1 }.map { "'\($0.key)': \($0.value)" }.joined(separator: ", ")
            try await withProgram("say(q, result={'machines': [{\(machine)}]})") { cloud, _ in
                let refusal = await failure { () throws(ProviderError) in _ = try await cloud.machines(of: name) }
                #expect(refusal?.kind == .transient, "\(field) \(value)")
            }
        }
    }

    @Test("it gets the variables that are named, and no others")
    func variables() async throws {
        let body = "say(q, error={'kind': 'quota', 'message': ' '.join(sorted(os.environ))})"
        try await withProgram(
            body, settings: "environment: [OWN_TOKEN]", environment: ["OWN_TOKEN": "1", "AWS_SECRET_ACCESS_KEY": "2"]
        ) { cloud, _ in
            let message = await failure { () throws(ProviderError) in _ = try await cloud.remove(name) }?.message
            #expect(message?.contains("OWN_TOKEN") == true)
            #expect(message?.contains("AWS") == false)
        }
    }

    @Test(
        "a mistake in provider.yaml is shown at its place",
        arguments: [
            ("adapter: exec", "the field 'program' is missing", 1), ("program: [./none.py]", "there is no program", 1),
            ("program: []", "no program is named", 1), ("program: [/etc/passwd]", "may not be executed", 1),
            ("program: [cat]\nenvironment: [A=1]", "no variable's name", 2),
            ("program: [cat]\ntime_limit: 0s", "not a time to wait", 2),
        ])
    func mistakes(_ text: String, _ message: String, _ line: Int) async throws {
        try await withTemporaryFolder { folder in
            try Files.put("\(folder)/provider.yaml", Array(text.utf8))
            let error = #expect(throws: DiagnosticsError.self) { try ExecSettings.read(in: folder, home: folder) }
            let found = try #require(error?.diagnostics.first)
            #expect(found.message.contains(message) && found.range?.start.line == line, "\(found)")
        }
    }
}

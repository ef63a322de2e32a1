import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProcess
import SkySpec
import SkyTestSupport
import Testing

@testable import SkyPolicyPrograms

@Suite("Policies that are programs") struct ProgramPolicyTests {
    @Test(
        "each kind of answer changes the placement",
        arguments: [
            (#"{"filter": {}}"#, "east east $2.00"),
            (#"{"filter": {"use": [1]}}"#, "east west $3.50"),
            (#"{"filter": {"make": [1], "use": [1]}}"#, "west west $4.00"),
            (#"{"penalties": {"make": {"0": "1.50"}, "use": {"0": 1.5}}}"#, "west west $4.00"),
            (#"{"penalties": {"use": {"1": "-2"}}}"#, "east west $3.50"),
            (#"{"prices": {"make": {"0": "9"}, "use": {"0": "9"}}}"#, "west west $4.00"),
            (#"{"ranks": {"use": {"0": 1}}}"#, "east west $3.50"),
            (#"{"placement": {"make": 1, "use": 0}}"#, "west east $3.50"),
            (#"{"version": 1, "placement": {"make": 0, "use": 0}, "remarks": ["as ever"]}"#, "east east $2.00"),
            (#"{"refuse": "it is Sunday"}"#, "policy 'exec:./policy' allows no placement: it is Sunday"),
        ])
    func answers(answer: String, expected: String) async throws {
        #expect(try await ProgramUnderTest.story("read problem; echo '\(answer)'") == expected)
    }

    @Test("what is wrong with an answer is said, with the last words of the program")
    func mistakes() async throws {
        let answers = [
            "hello", "[]", "{", "{}", #"{"version": 2, "filter": {}}"#, #"{"filtre": {}}"#,
            #"{"filter": {"make": 1}}"#, #"{"filter": {"mkae": [1]}}"#, #"{"filter": {"make": [7]}}"#,
            #"{"filter": {"make": []}}"#, #"{"penalties": {"make": {"0": "much"}}}"#,
            #"{"penalties": {"make": {"first": "1"}}}"#, #"{"placement": {"make": 0}}"#,
            #"{"placement": {"make": 0, "use": 99}}"#, #"{"placement": {"make": 0, "use": "west"}}"#,
            #"{"placement": {"make": 0, "use": 0, "more": 0}}"#, #"{"placement": {}, "filter": {}}"#,
            #"{"solve": {"minimize": "carbon"}}"#,
        ]
        var page = ""
        for answer in answers {
            let story = try await ProgramUnderTest.story("read problem; echo '\(answer)'; cat > /dev/null")
            page += "\(answer)\n  \(story)\n"
        }
        try expectGolden(page, "answers-not-understood.txt")
    }

    @Test("a program that ends, fails or never was says why")
    func failures() async throws {
        let programs = [
            "exit 0", "echo 'no module named numpy' >&2; exit 3", "kill -9 $$",
            "i=0; while [ $i -lt 30 ]; do echo line $i >&2; i=$((i+1)); done; exit 1",
            "#!/no/such/interpreter\n",
        ]
        var page = ""
        for program in programs { page += "\(program)\n\(try await ProgramUnderTest.story(program))\n\n" }
        try expectGolden(page, "programs-that-fail.txt")
    }

    @Test("a program that takes too long is ended with all that it started")
    func tooLong() async throws {
        try await withTemporaryFolder { folder in
            let program = try ProgramUnderTest(
                "sleep 1000 & echo $! > \(folder)/child; echo $$ > \(folder)/self; echo thinking >&2; wait", in: folder,
                timeLimit: .seconds(1))
            #expect(program.story().hasPrefix("policy 'exec:./policy' failed: it took longer than 1s"))
            // On a busy machine it may not have come so far.
            for name in ["child", "self"] {
                let text = String(decoding: try Files.read("\(folder)/\(name)") ?? [], as: UTF8.self)
                guard let pid = Int32(text.split(separator: "\n").first ?? "") else { continue }
                // The kernel takes its time to end what was killed.
                for _ in 0..<1000 where ProcessTable.isAlive(pid) { try await Task.sleep(for: .milliseconds(10)) }
                #expect(!ProcessTable.isAlive(pid))
            }
        }
    }

    @Test("a program that neither reads nor writes is ended too, however much there is to tell it")
    func deaf() async throws {
        let story = try await ProgramUnderTest.story("exec sleep 1000", timeLimit: TimeSpan(milliseconds: 300))
        #expect(story == "policy 'exec:./policy' failed: it took longer than 300ms")
    }

    @Test("a program may answer without listening, without a last line feed, and leave things behind")
    func unmannered() async throws {
        #expect(
            try await ProgramUnderTest.story(#"printf '\n\n{"placement": {"make": 1, "use": 1}}'"#) == "west west $4.00"
        )
        #expect(
            try await ProgramUnderTest.story(
                "read p; head -c 3000000 /dev/zero >&2; echo '{\"filter\": {}}'; exec sleep 0.1")
                == "east east $2.00")
    }

    @Test("a program can ask the solver, and hears what a placement of its own would cost")
    func asks() async throws {
        let story = try await ProgramUnderTest.story(
            #"""
            read problem
            echo '{"solve": {"filter": {"use": [1]}}}'; read first
            echo '{"evaluate": {"make": 1, "use": 1}}'; read second
            echo '{"solve": {"minimize": "cost", "budget_usd": "1"}}'; read third
            echo '{"solve": {"minimize": "time"}}'; read fourth
            echo '{"evaluate": {"make": 9, "use": 1}}'; read fifth
            for line in "$first" "$second" "$third" "$fourth" "$fifth"; do echo "$line" >&2; done
            exit 1
            """#)
        try expectGolden(story + "\n", "solver-answers.txt")
    }

    @Test("a program's answer keeps the pipeline's limits")
    func limits() async throws {
        try await withTemporaryFolder { folder in
            let program = try ProgramUnderTest(
                #"read p; echo '{"placement": {"make": 1, "use": 1}}'"#, in: folder)
            #expect(
                program.story(objective: .timeWithin(budget: Money(nanodollars: 3_000_000_000)))
                    == "policy 'exec:./policy' made no valid placement: it costs $4.00, and the budget is $3.00")
        }
    }

    @Test("it is started once for a plan, and what it says of candidates holds for runners-up")
    func runnersUp() async throws {
        try await withTemporaryFolder { folder in
            let counted = "echo again >> \(folder)/calls; read p; "
            let shaping = try ProgramUnderTest(counted + #"echo '{"penalties": {"use": {"0": "5"}}}'"#, in: folder)
            let plan = try shaping.plan()
            #expect(plan.stages.map(\.offer.region) == ["west", "west"] || plan.totalCost == Money("3.50"))
            #expect(plan.stages.allSatisfy { $0.runnerUp != nil })
            #expect(try Files.read("\(folder)/calls")?.count == "again\n".utf8.count)
            let placing = try ProgramUnderTest(counted + #"echo '{"placement": {"make": 1, "use": 1}}'"#, in: folder)
            #expect(try placing.plan().stages.allSatisfy { $0.runnerUp == nil })
            #expect(try Files.read("\(folder)/calls")?.count == 2 * "again\n".utf8.count)
        }
    }

    @Test("what a program is told is documented JSON")
    func message() throws {
        var problem = try PlacementProblem(pipeline: SmallMarket.pipeline, offers: SmallMarket())
        problem.history = PlacementHistory(runs: [
            "use": [
                .init(provider: "acme", region: "east", instanceType: "box", duration: TimeSpan(milliseconds: 90_500))
            ]
        ])
        let line = String(decoding: PolicyProtocol.message(problem, policy: "exec:x"), as: UTF8.self)
        #expect(line.split(separator: "\n").count == 1)
        try expectGolden(line.replacing("},{", with: "},\n {"), "problem.txt")
    }
}

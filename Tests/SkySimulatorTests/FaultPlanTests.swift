import SkyCore
import Testing

@testable import SkySimulator

@Suite struct FaultPlanTests {
    private func plan(_ text: String) throws(DiagnosticsError) -> FaultPlan {
        try FaultPlan(SourceFile(path: "faults.yaml", text: text))
    }

    @Test("a file departs from the nasty days, or from good ones, by what it says")
    func reading() throws {
        let plan = try plan(
            """
            base: none
            rates: {lost_create_reply: 0.25, kill: true, cancel: false}
            nodes_per_zone: 7
            dead_for: 1s..2m
            calm_after: 12h
            """)
        #expect(plan[.lostCreateReply] == 0.25)
        #expect(plan[.kill] == FaultPlan.nasty[.kill])
        #expect(plan[.cancel] == 0)
        #expect(plan[.stockOut] == 0)
        #expect(plan.nodesPerZone == 7)
        #expect(plan.deadFor == .seconds(1)...TimeSpan.seconds(120))
        #expect(plan.calmAfter == .seconds(43_200))
        #expect(try self.plan("") == .nasty)
    }

    @Test("all that is wrong is said at once, with its place and the nearest name")
    func mistakes() throws {
        let error = try #require(throws: DiagnosticsError.self) {
            try plan("base: awful\nrates:\n  kil: 0.1\n  quota: 2\n  preemption: often\nnodes_per_zone: 0\nfoo: 1\n")
        }
        let said = error.diagnostics.map { "\($0.range?.start.line ?? 0):\($0.range?.start.column ?? 0) \($0.code)" }
        #expect(
            said.sorted() == [
                "1:7 faults.unknown-base", "3:3 faults.unknown-field", "4:10 faults.bad-number",
                "5:15 faults.bad-number", "6:17 faults.bad-number", "7:1 faults.unknown-field",
            ])
        #expect(error.diagnostics.contains { $0.help == "did you mean 'kill'?" })
    }

    @Test("every fault has a name of its own, and its text names it again", arguments: FaultKind.allCases)
    func names(kind: FaultKind) {
        #expect(FaultKind(name: kind.name) == kind)
        let fault = Fault(Decision(kind.rawValue, run: 3, stage: 2, attempt: 1, count: 77))
        #expect(Fault(fault.description) == fault)
        #expect(fault.kind == kind)
    }

    @Test("what names no fault is none", arguments: ["", "kill", "kill:", "kill:xyz", "kil:1a", "kill:1:2"])
    func noNames(text: String) { #expect(Fault(text) == nil) }
}

@Suite struct EventQueueTests {
    @Test("things come in the order of their moments, and at one moment in the order they were put in")
    func order() {
        var queue = EventQueue<Int>()
        let chance = Chance(seed: 4)
        var expected: [(Int64, Int)] = []
        for number in 0..<500 {
            let moment = Int64(chance.bits(Decision(1, count: number)) % 40)
            queue.push(number, at: Instant(millisecondsSince1970: moment))
            expected.append((moment, number))
        }
        expected.sort { $0 < $1 }
        for (moment, number) in expected {
            let next = queue.pop()
            #expect(next?.0.millisecondsSince1970 == moment)
            #expect(next?.1 == number)
        }
        #expect(queue.isEmpty)
    }

    @Test("chance is the same everywhere: these numbers are part of what a seed means")
    func stable() {
        let chance = Chance(seed: 1)
        #expect(chance.bits(Decision(7, run: 1, stage: 2, attempt: 3, count: 4)) == 0xcd23f3e062317c1c)
        let mean = (0..<4000).reduce(0.0) { $0 + chance.unit(Decision(9, count: $1)) } / 4000
        #expect(abs(mean - 0.5) < 0.02)
    }
}

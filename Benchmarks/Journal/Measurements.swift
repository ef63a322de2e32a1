import FoundationEssentials
import SkyBroker
import SkyCore

/// What is claimed of the journal, measured in a folder of its own.
struct Measurements {
    let folder: String
    private let clock = ContinuousClock()

    /// Durable events one at a time, in turns with bare SQLite doing the same inserts.
    ///
    /// In several pairs of journals, because where on a disk a file lies may alone make its flushes a third faster or
    /// slower; and enough events in each that its log has been filled, checkpointed and begun anew.
    func oneAtATime(pairs: Int = 9) async throws -> Bool {
        var rates: [(bare: Double, journal: Double)] = []
        for pair in 0..<pairs { rates.append(try await ratesOfPair(pair)) }
        let (bare, journal) = (median(rates.map(\.bare)), median(rates.map(\.journal)))
        print("durable events one at a time: \(whole(journal)) a second; bare SQLite: \(whole(bare))")
        let ratios = rates.map { $0.journal / $0.bare }.sorted()
        print("of \(pairs) pairs of files: from \(text(ratios[0])) to \(text(ratios[pairs - 1]))")
        return report("journal against bare SQLite", median(ratios), atLeast: 0.7)
    }

    /// Events a second of each.
    private func ratesOfPair(
        _ pair: Int, rounds: Int = 300, perRound: Int = 10
    ) async throws -> (bare: Double, journal: Double) {
        let journal = try Journal(path: "\(folder)/single-\(pair).sqlite")
        guard let sample = SampleRun("tickets-7k2m") else { return (.infinity, 0) }
        let bare = try BareSQLite(path: "\(folder)/bare-\(pair).sqlite")
        _ = try journal.begin(sample.launch, run: sample.run)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bodies = try (0..<rounds * perRound).map {
            String(decoding: try encoder.encode(sample.event($0)), as: UTF8.self)
        }
        let summary = sample.summary
        var spent = (bare: [Double](), journal: [Double]())
        for round in 0..<rounds {
            let numbers = round * perRound..<(round + 1) * perRound
            let bareTime = try clock.measure {
                for number in numbers { try bare.append(bodies[number], to: sample.run.text, at: number) }
            }
            spent.bare.append(bareTime.seconds)
            let journalTime = try await clock.measure {
                for number in numbers {
                    try await journal.append(
                        [sample.event(number)], to: sample.run, after: number + 1, runEnded: false, summary: summary)
                }
            }
            spent.journal.append(journalTime.seconds)
        }
        // Medians: one flush in which the disk was busy with somebody else's takes as long as a whole round.
        return (Double(perRound) / median(spent.bare), Double(perRound) / median(spent.journal))
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// A hundred runs in one process, each of which waits for its event before it has the next.
    func together(runs: Int = 100, eventsPerRun: Int = 1000) async throws -> Bool {
        let journal = try Journal(path: "\(folder)/group.sqlite")
        let samples = (0..<runs).compactMap { SampleRun("tickets-\($0)") }
        for sample in samples { _ = try journal.begin(sample.launch, run: sample.run) }
        let time = try await clock.measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for sample in samples {
                    let summary = sample.summary
                    group.addTask {
                        for number in 0..<eventsPerRun {
                            try await journal.append(
                                [sample.event(number)], to: sample.run, after: number + 1, runEnded: false,
                                summary: summary)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        let count = try samples.map { try journal.events(of: $0.run).count - 1 }.reduce(0, +)
        guard count == runs * eventsPerRun else {
            print("of \(runs * eventsPerRun) events \(count) are in the journal")
            return false
        }
        return report("events a second from \(runs) runs at once", Double(count) / time.seconds, atLeast: 20_000)
    }

    /// A run's line in the list, which is written with each of its events, must not take longer for a larger run.
    func lines() throws -> Bool {
        func microseconds(stages: Int) throws -> Double {
            guard let sample = SampleRun("tickets", stages: (0..<stages).map { "stage-\($0)" }),
                let state = RunState(sample.launch)
            else { return .infinity }
            var total = 0
            let time = try median { for _ in 0..<10_000 { total += RunSummary(state, at: sample.launch.at).stages } }
            return total > 0 ? time / 10 : .infinity
        }
        let (small, large) = (try microseconds(stages: 3), try microseconds(stages: 1000))
        print("a run's line, of 3 stages: \(text(small)) µs")
        return report("a run's line of 1,000 stages against one of 3", large / small, atMost: 3)
    }

    /// Lists and single runs in a journal of 10,000.
    func manyRuns(_ count: Int = 10_000) async throws -> Bool {
        let journal = try Journal(path: "\(folder)/many.sqlite")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                group.addTask {
                    guard let sample = SampleRun("tickets-\(number)") else { return }
                    _ = try journal.begin(sample.launch, run: sample.run)
                    let (events, summary) = sample.ended
                    try await journal.append(events, to: sample.run, after: 1, runEnded: true, summary: summary)
                }
            }
            try await group.waitForAll()
        }
        let list = try median { _ = try journal.list() }
        let full = try median { _ = try journal.list(withStages: true) }
        let unfinished = try median { _ = try journal.unfinishedRuns() }
        guard let run = RunID("tickets-5000") else { return false }
        let one = try median { _ = try journal.state(of: run) }
        print("of \(count) runs: the unfinished in \(text(unfinished)) ms, one in \(text(one)) ms")
        let isFine = report("list of \(count) runs, ms", list, atMost: 150)
        return report("the same with all their stages, ms", full, atMost: 2500) && isFine
    }

    private func median(_ work: () throws -> Void) throws -> Double {
        median(try (0..<9).map { _ in try clock.measure(work).seconds * 1000 })
    }
}

func report(_ what: String, _ value: Double, atLeast bound: Double) -> Bool {
    print("\(what): \(text(value)) (at least \(text(bound)))\(value < bound ? "  OUT OF BOUNDS" : "")")
    return value >= bound
}

func report(_ what: String, _ value: Double, atMost bound: Double) -> Bool {
    print("\(what): \(text(value)) (at most \(text(bound)))\(value > bound ? "  OUT OF BOUNDS" : "")")
    return value <= bound
}

private func whole(_ value: Double) -> String { String(Int(value.rounded())) }

private func text(_ value: Double) -> String {
    let cents = Int((value * 100).rounded())
    return value >= 100 ? whole(value) : "\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

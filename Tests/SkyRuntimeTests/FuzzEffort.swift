import FoundationEssentials

/// What somebody sends who means ill, as a test tries it.
protocol HostileInput {
    /// How many messages are in it.
    var messages: Int { get }
}

/// How long a test goes on: a few rounds from the first seed, or with `SKY_FUZZ_SECONDS` so long, from a seed of its own.
struct FuzzEffort {
    private let rounds: Int
    private let end: ContinuousClock.Instant?
    private let began = ContinuousClock.now
    let firstSeed: UInt64
    private(set) var streams = 0
    private(set) var messages = 0

    init(rounds: Int) {
        let seconds = ProcessInfo.processInfo.environment["SKY_FUZZ_SECONDS"].flatMap(Int.init)
        self.rounds = rounds
        end = seconds.map { .now + .seconds($0) }
        firstSeed = seconds == nil ? 1 : UInt64.random(in: 0...(.max / 2))
    }

    var goesOn: Bool { end.map { $0 > .now } ?? (streams < rounds) }

    /// - Parameter make: gets the seed, and how many there were before.
    mutating func next<Input: HostileInput>(_ make: (UInt64, Int) -> Input) -> (seed: UInt64, stream: Input) {
        let seed = firstSeed + UInt64(streams)
        let input = make(seed, streams)
        streams += 1
        messages += input.messages
        return (seed, input)
    }

    func report(_ what: String) {
        guard end != nil else { return }
        let seconds = Double((ContinuousClock.now - began).components.seconds)
        let rate = Int(Double(messages) / max(1, seconds))
        print("\(what): \(messages) messages in \(streams) streams, \(rate) a second, seeds from \(firstSeed)")
    }
}

import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import Testing

@testable import SkyBroker

@Suite("JSON as the journal keeps it")
struct SortedJSONTests {
    /// Written with `JSONEncoder`, as all journals before were; keys of finished stages are digests of such text.
    private func reference(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test("every event is the text that JSONEncoder makes of it")
    func events() throws {
        let history = try History()
        let id = history.id("one")
        let (stored, location) = (StoredArtifact.named("out/é\u{1}", in: "aws"), Location(provider: "aws", region: "r"))
        let planned = try #require(history.state.launch.plan.stages.first)
        let events: [RunEvent] = [
            .launched(.chain()), .lookedUp(stage: "one", reuse: nil), .provisioned(id, history.group(id)),
            .lookedUp(stage: "one", reuse: Reuse(run: id.run, outputs: [stored, stored]), why: "\"why\" \\ not/"),
            .provisionFailed(id, ProviderError(.noCapacity, provider: "aws", "no\nroom\t\u{7f}\u{2028}")),
            .delivered(
                id,
                [
                    TransferRecord(
                        artifact: "a", from: location, to: location, size: .zero, moved: .zero,
                        cost: Money(nanodollars: .min))
                ]),
            .relayed(id, Relay(path: "p", size: .zero, cost: .zero, reason: "\"r\"")),
            .jobEnded(id, exitCode: -1), .serviceReady(id, url: "http://a/b?c=d&e"), .collected(id, []),
            .attemptFailed(id, .nodesLost(message: "")), .attemptFailed(id, .inputsLost(["a.b", ""])),
            .checkpointed(id, stored, number: 3), .checkpointFailed(id, message: "m", number: 0),
            .lossNoticed(id, at: .start), .released(id), .released(id, held: HeldSpan(since: .start, until: .start)),
            .alarm(Alarm(stage: nil, slot: .budget, serial: 1)),
            .relocated(stage: "one", planned, zones: ["b", "a"]), .notRelocatable(stage: "one", message: "\u{0}\u{1f}"),
            .answered(Question(stage: "s", number: -2, text: "💥"), isYes: true), .stopRequested(.down),
            .driverStarted(processID: .max),
        ]
        for event in events {
            let recorded = RecordedEvent(event, at: .start, dice: .max)
            #expect(try JournalCoding.encode(recorded) == reference(recorded))
        }
    }

    @Test("so is everything else that can be written")
    func values() throws {
        try expectSame(["b": 1, "a": 2, "ab": 3, "a\"": 4, "é": 5, "": 6, "a b": 7, "B": 8])
        try expectSame([[Int?]]([[nil, 1], [], [nil]]))
        try expectSame([0, 1, -1, 0.1, 1e300, .leastNonzeroMagnitude, 1e16, 123_456_789.125, -0.0, 100])
        try expectSame([Float(0.1), 1, 3.4e38])
        try expectSame(["": ["": ["": [String: Int]()]]])
        try expectSame([true, false])
        try expectSame([UInt64.max, 0])
        try expectSame((0..<256).map { String(UnicodeScalar(UInt8($0))) })
        try expectSame([MachineIdentity(host: "h", boot: "", installation: "/")])
        try expectSame([7: "seven", -1: "minus one"])
        struct Nothing: Codable {}
        try expectSame([Nothing()])
        try expectSame(Nothing())
        #expect(throws: EncodingError.self) { try JournalCoding.encode([Double.nan]) }
    }

    private func expectSame(_ value: some Encodable, _ place: SourceLocation = #_sourceLocation) throws {
        #expect(try JournalCoding.encode(value) == reference(value), sourceLocation: place)
    }
}

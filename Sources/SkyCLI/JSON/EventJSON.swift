import FoundationEssentials
import SkyBroker
import SkyCore
import SkyHTTP

/// One line of `sky events --output json`.
struct EventJSON: Encodable {
    let run: String
    let seq: Int
    let at: Timestamp
    let event: String
    @Nullable var stage: String?
    @Nullable var attempt: Int?
    let message: String
    let data: JSONValue

    init(_ entry: EventEntry) {
        run = entry.run.text
        seq = entry.sequence
        at = Timestamp(entry.at)
        event = entry.name
        stage = entry.stage
        attempt = entry.attempt
        message = entry.message
        data = entry.data
    }

    /// With its end.
    func line() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}

/// An event as the audit trail shows it. Taken from what the journal keeps, not from the events that this version
/// knows: the trail of a newer one is shown all the same.
struct EventEntry: Hashable, Sendable {
    let run: RunID
    let sequence: Int
    let at: Instant
    /// `provision_failed`
    let name: String
    let stage: String?
    let attempt: Int?
    let message: String
    let data: JSONValue

    /// - Parameter formerHolder: the stage whose nodes the event's stage took over, where that is to be told.
    init(_ record: JournalRecord, of run: RunID, formerHolder: String? = nil) {
        let json = try? JSONDecoder().decode(JSONValue.self, from: Data(record.text.utf8))
        var (key, payload) = ("unknown", json?["event"] ?? .null)
        if case .object(let fields) = payload, let first = fields.first { (key, payload) = (first.key, first.value) }
        self.run = run
        sequence = record.sequence
        at = Instant(millisecondsSince1970: json?["at"]?.integer.map(Int64.init) ?? 0)
        name = Self.words(of: key).joined(separator: "_")
        let subject = payload["_0"]
        stage = (payload["stage"] ?? subject?["stage"])?.text
        // An attempt's id is a run, a stage and a number.
        let isAttempt = subject?["run"] != nil && subject?["pipeline"] == nil
        attempt = isAttempt ? subject?["number"]?.integer : nil
        data = payload
        let words =
            record.event.flatMap { EventWords.message(for: $0.event) } ?? Self.words(of: key).joined(separator: " ")
        message = words + (formerHolder.map { ", on nodes taken over from \($0)" } ?? "")
    }

    /// `provisionFailed` as `provision`, `failed`.
    private static func words(of name: String) -> [String] {
        var words = [""]
        for letter in name {
            if letter.isUppercase { words.append("") }
            words[words.count - 1] += letter.lowercased()
        }
        return words.filter { !$0.isEmpty }
    }
}

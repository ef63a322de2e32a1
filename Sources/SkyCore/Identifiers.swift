/// One execution of a pipeline. Printable, unique on a machine, sortable by launch: `tickets-7k2m`.
public struct RunID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let text: String

    /// Nil unless `text` is 1…64 of `a-z 0-9 -`: an id is also a folder name and a tag on what clouds rent out.
    public init?(_ text: String) {
        let allowed = text.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7a) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2d }
        guard allowed, !text.isEmpty, text.utf8.count <= 64, !text.hasPrefix("-") else { return nil }
        self.text = text
    }

    public var description: String { text }
    public static func < (a: RunID, b: RunID) -> Bool { a.text < b.text }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = RunID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a run id: \(text)")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// One try at one stage of a run. Its `token` names the node group and the job that belong to this try and to no
/// other, however often the effect that makes them is repeated.
public struct AttemptID: Hashable, Sendable, Codable, CustomStringConvertible {
    public let run: RunID
    public let stage: String
    /// Counts from 1.
    public let number: Int

    public init(run: RunID, stage: String, number: Int) {
        self.run = run
        self.stage = stage
        self.number = number
    }

    public var token: String { "\(run)--\(stage)--\(number)" }
    public var description: String { token }
}

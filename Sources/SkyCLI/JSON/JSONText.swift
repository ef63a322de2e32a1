import FoundationEssentials
import SkyCore

/// The shapes of `--output json`: snake case, sorted keys, and a `version` that changes when a shape does.
enum JSONText {
    /// - Throws: `CommandFailure`; not for anything that this module encodes.
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }
}

/// Money in JSON: an exact decimal number of US dollars, as text so that no reader rounds it.
struct Dollars: Encodable {
    let money: Money

    init(_ money: Money) { self.money = money }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(money.exactDecimal)
    }
}

/// Writes null for nil instead of leaving the field out: every field is always there.
@propertyWrapper
struct Nullable<Value: Encodable>: Encodable {
    var wrappedValue: Value?

    init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}

/// A moment in JSON: `2027-01-15T08:00:00.000Z`.
struct Timestamp: Encodable {
    let instant: Instant

    init(_ instant: Instant) { self.instant = instant }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Self.text(instant))
    }

    static func text(_ instant: Instant) -> String {
        let date = Date(timeIntervalSince1970: Double(instant.millisecondsSince1970) / 1000)
        return date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}

/// A length of time in whole milliseconds. Range: about ±292 million years.
public struct TimeSpan: Hashable, Comparable, Sendable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Whole milliseconds of it.
    public init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }

    public static let zero = TimeSpan(milliseconds: 0)
    public static let hour = TimeSpan(milliseconds: 3_600_000)

    public static func seconds(_ count: Int64) -> TimeSpan {
        TimeSpan(milliseconds: count.multipliedSaturated(by: 1000))
    }

    public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.milliseconds < b.milliseconds }

    public static func + (a: TimeSpan, b: TimeSpan) -> TimeSpan {
        TimeSpan(milliseconds: a.milliseconds.addingSaturated(b.milliseconds))
    }

    public static func - (a: TimeSpan, b: TimeSpan) -> TimeSpan {
        TimeSpan(milliseconds: a.milliseconds.subtractingSaturated(b.milliseconds))
    }

    public var hours: Double { Double(milliseconds) / 3_600_000 }

    private static let units: [(name: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000),
    ]

    /// Reads `2h`, `90m`, `45s`, `1.5h`, `1h30m`, `500ms`, `2d`. A unit is required. Nil for anything else.
    public init?(_ text: some StringProtocol) {
        var rest = text.lowercased()[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count).drop { $0 == " " }
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(name.count).drop { $0 == " " }
            guard
                let value = parseNano(number), let unit = Self.units.first(where: { $0.name == name }),
                let part = scaledByNano(value, unit: unit.milliseconds)
            else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
        }
        milliseconds = total
    }
}

extension TimeSpan: CustomStringConvertible, Codable {
    /// The two largest units that matter: `350ms`, `1.5s`, `12s`, `4m 05s`, `2h 10m`, `3d 4h`.
    public var description: String {
        let sign = milliseconds < 0 ? "-" : ""
        let ms = Int64(clamping: milliseconds.magnitude)
        if ms < 1000 { return "\(sign)\(ms)ms" }
        // Each unit rounds the milliseconds themselves: rounding what is rounded already would be off by one.
        let tenths = ms.dividedRounded(by: 100)
        if tenths < 100 { return "\(sign)\(tenths / 10)\(tenths % 10 == 0 ? "" : ".\(tenths % 10)")s" }
        let seconds = ms.dividedRounded(by: 1000)
        if seconds < 60 { return "\(sign)\(seconds)s" }
        if seconds < 3600 { return "\(sign)\(seconds / 60)m" + pair(seconds % 60, "s") }
        let minutes = ms.dividedRounded(by: 60_000)
        if minutes < 1440 { return "\(sign)\(minutes / 60)h" + pair(minutes % 60, "m") }
        let hours = ms.dividedRounded(by: 3_600_000)
        return "\(sign)\(hours / 24)d" + (hours % 24 == 0 ? "" : " \(hours % 24)h")
    }

    private func pair(_ value: Int64, _ unit: String) -> String {
        value == 0 ? "" : " \(value < 10 ? "0" : "")\(value)\(unit)"
    }

    public init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    /// Encoded as an integer of milliseconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}

/// A moment, in milliseconds since 1970-01-01T00:00:00Z. Moments come in from the edge; the core reads no clock.
public struct Instant: Hashable, Comparable, Sendable {
    public var millisecondsSince1970: Int64

    public init(millisecondsSince1970: Int64) { self.millisecondsSince1970 = millisecondsSince1970 }

    public static func < (a: Instant, b: Instant) -> Bool { a.millisecondsSince1970 < b.millisecondsSince1970 }

    public static func - (a: Instant, b: Instant) -> TimeSpan {
        TimeSpan(milliseconds: a.millisecondsSince1970.subtractingSaturated(b.millisecondsSince1970))
    }

    public static func + (a: Instant, b: TimeSpan) -> Instant {
        Instant(millisecondsSince1970: a.millisecondsSince1970.addingSaturated(b.milliseconds))
    }
}

extension Instant: Codable {
    public init(from decoder: any Decoder) throws {
        millisecondsSince1970 = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(millisecondsSince1970)
    }
}

/// An amount of data in bytes. `GB` means 10⁹ bytes and `GiB` 2³⁰, as clouds bill and disks are sold.
public struct DataSize: Hashable, Comparable, Sendable {
    public var bytes: Int64

    public init(bytes: Int64) { self.bytes = bytes }

    public static let zero = DataSize(bytes: 0)

    public static func < (a: DataSize, b: DataSize) -> Bool { a.bytes < b.bytes }

    public static func + (a: DataSize, b: DataSize) -> DataSize {
        DataSize(bytes: a.bytes.addingSaturated(b.bytes))
    }

    private static let units: [(suffix: String, bytes: Int64)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("PiB", 1 << 50),
        ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("PB", 1_000_000_000_000_000), ("B", 1),
    ]

    /// The unit names that sizes may be written with, for messages.
    public static let unitNames = ["B", "KB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB"]

    /// Reads `40GB`, `1.5 TiB`, `512 MB` (units in any case). A unit is required. Nil for anything else.
    public init?(_ text: some StringProtocol) {
        let lowered = text.lowercased()
        guard
            let unit = Self.units.first(where: { lowered.hasSuffix($0.suffix.lowercased()) }),
            let value = parseNano(lowered.dropLast(unit.suffix.count).drop { $0 == " " }.trimmingSpaces),
            let bytes = scaledByNano(value, unit: unit.bytes)
        else { return nil }
        self.bytes = bytes
    }
}

extension DataSize: CustomStringConvertible, Codable {
    /// Three significant figures in the largest decimal unit that is reached: `1.50 GB`, `12.0 MB`, `812 B`.
    public var description: String {
        guard bytes.magnitude >= 1000 else { return "\(bytes) B" }
        var scaled = Double(bytes) / 1000
        var units = ["KB", "MB", "GB", "TB", "PB"][...]
        // From 999.5 on, three figures are 1000: one of the next unit.
        while scaled.magnitude >= 999.5, units.count > 1 {
            scaled /= 1000
            units.removeFirst()
        }
        return "\(threeFigures(scaled)) \(units.first ?? "PB")"
    }

    public init(from decoder: any Decoder) throws {
        bytes = try decoder.singleValueContainer().decode(Int64.self)
    }

    /// Encoded as an integer of bytes.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }
}

extension Substring {
    var trimmingSpaces: Substring {
        var text = self.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }
}

/// `value` with three significant figures and no exponent, for values from 0 to 9,999.
func threeFigures(_ value: Double) -> String {
    let decimals = value.magnitude < 9.995 ? 2 : value.magnitude < 99.95 ? 1 : 0
    return fixed(value, decimals: decimals)
}

/// `value` with exactly `decimals` decimals, rounded half away from zero. What has no such form, being infinite or of
/// more than 18 digits, is given as Swift prints it.
public func fixed(_ value: Double, decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<max(0, decimals) { scale *= 10 }
    guard value.magnitude * scale < 1e18 else { return "\(value)" }
    let scaled = Int64((value.magnitude * scale).rounded())
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(scaled)" }
    let fraction = String(scaled % Int64(scale))
    return "\(sign)\(scaled / Int64(scale)).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
}

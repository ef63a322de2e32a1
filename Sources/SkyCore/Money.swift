/// An exact amount of US dollars, counted in nanodollars (10⁻⁹ $).
///
/// Prices, costs and their sums are integers from the catalog to the screen: nothing is ever lost to binary
/// fractions, so a total always equals the sum of its parts. Range: about ±9.2 billion dollars.
public struct Money: Hashable, Comparable, Sendable {
    public var nanodollars: Int64

    public init(nanodollars: Int64) { self.nanodollars = nanodollars }

    public static let zero = Money(nanodollars: 0)

    /// The largest amount that can be written; stands for "no limit" in comparisons.
    public static let max = Money(nanodollars: .max)

    public static func < (a: Money, b: Money) -> Bool { a.nanodollars < b.nanodollars }
    public static func + (a: Money, b: Money) -> Money {
        Money(nanodollars: a.nanodollars.addingSaturated(b.nanodollars))
    }
    public static func - (a: Money, b: Money) -> Money {
        Money(nanodollars: a.nanodollars.subtractingSaturated(b.nanodollars))
    }
    public static func += (a: inout Money, b: Money) { a = a + b }
    public static func * (a: Money, count: Int) -> Money { a.scaled(by: Int64(count), over: 1) }

    /// This amount as a price per hour, for `span` of use. Rounded half up to a nanodollar.
    public func perHour(for span: TimeSpan) -> Money { scaled(by: span.milliseconds, over: 3_600_000) }

    /// This amount as a price per gigabyte (10⁹ bytes), for `size` of data. Rounded half up to a nanodollar.
    public func perGigabyte(for size: DataSize) -> Money { scaled(by: size.bytes, over: 1_000_000_000) }

    /// `self × numerator ÷ denominator` without intermediate overflow, rounded half away from zero. What is too large
    /// to write, a division by zero included, stops at the end of the range that has its sign.
    public func scaled(by numerator: Int64, over denominator: Int64) -> Money {
        let product = Int128(nanodollars) * Int128(numerator)
        guard product != 0 else { return .zero }
        let isNegative = (product < 0) != (denominator < 0)
        guard denominator != 0 else { return Money(nanodollars: isNegative ? .min : .max) }
        let divisor = UInt128(denominator.magnitude)
        let (quotient, remainder) = product.magnitude.quotientAndRemainder(dividingBy: divisor)
        let rounded = Int128(quotient) + (remainder >= divisor - remainder ? 1 : 0)
        return Money(nanodollars: Int64(clamping: isNegative ? -rounded : rounded))
    }
}

extension Money {
    /// Reads `12`, `12.50`, `$12.50` or `.0042`; at most nine decimals. Nil for anything else.
    public init?(_ text: some StringProtocol) {
        let value = parseNano(text.hasPrefix("$") ? text.dropFirst() : text[...]).flatMap { Int64(exactly: $0) }
        guard let value else { return nil }
        nanodollars = value
    }

    /// `$1,234.57`: rounded half up to cents.
    public var description: String { formatted(decimals: 2) }

    /// The amount with exactly `decimals` (0…9) decimals, rounded half away from zero, thousands separated by commas.
    public func formatted(decimals: Int) -> String {
        let decimals = Swift.min(Swift.max(decimals, 0), 9)
        var unit: UInt64 = 1
        for _ in decimals..<9 { unit *= 10 }
        let (quotient, remainder) = nanodollars.magnitude.quotientAndRemainder(dividingBy: unit)
        let rounded = quotient + (remainder >= unit - remainder ? 1 : 0)
        let perDollar = 1_000_000_000 / unit
        let fraction = String(rounded % perDollar)
        // A debt too small to show is shown as nothing.
        let sign = nanodollars < 0 && rounded > 0 ? "-" : ""
        let whole = groupedByThousands(rounded / perDollar)
        guard decimals > 0 else { return "\(sign)$\(whole)" }
        return "\(sign)$\(whole).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
    }

    /// The plain decimal number, exact, without trailing zeros: `0.0765`. What JSON and CSV carry.
    public var exactDecimal: String {
        let whole = nanodollars.magnitude / 1_000_000_000
        let fraction = String(nanodollars.magnitude % 1_000_000_000)
        let padded = String(repeating: "0", count: 9 - fraction.count) + fraction
        let digits = padded.reversed().drop { $0 == "0" }.reversed()
        let sign = nanodollars < 0 ? "-" : ""
        return digits.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(String(digits))"
    }
}

extension Money: CustomStringConvertible, Codable {
    /// Encoded as an integer of nanodollars.
    public init(from decoder: any Decoder) throws {
        nanodollars = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(nanodollars)
    }
}

/// `12,345`
public func groupedByThousands(_ value: UInt64) -> String {
    var groups: [String] = []
    var rest = value
    while rest >= 1000 {
        let group = String(rest % 1000)
        groups.append(String(repeating: "0", count: 3 - group.count) + group)
        rest /= 1000
    }
    groups.append(String(rest))
    return groups.reversed().joined(separator: ",")
}

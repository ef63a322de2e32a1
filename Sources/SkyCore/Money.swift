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
    public static func + (a: Money, b: Money) -> Money { Money(nanodollars: saturating(a.nanodollars, b.nanodollars)) }
    public static func - (a: Money, b: Money) -> Money {
        a + Money(nanodollars: b.nanodollars == .min ? .max : -b.nanodollars)
    }
    public static func += (a: inout Money, b: Money) { a = a + b }
    public static func * (a: Money, count: Int) -> Money { a.scaled(by: Int64(count), over: 1) }

    /// This amount as a price per hour, for `span` of use. Rounded half up to a nanodollar.
    public func perHour(for span: TimeSpan) -> Money { scaled(by: span.milliseconds, over: 3_600_000) }

    /// This amount as a price per gigabyte (10⁹ bytes), for `size` of data. Rounded half up to a nanodollar.
    public func perGigabyte(for size: DataSize) -> Money { scaled(by: size.bytes, over: 1_000_000_000) }

    /// `self × numerator ÷ denominator` without intermediate overflow; saturates at `Money.max`.
    public func scaled(by numerator: Int64, over denominator: Int64) -> Money {
        let product = nanodollars.magnitude.multipliedFullWidth(by: numerator.magnitude)
        let divisor = denominator.magnitude
        guard divisor > product.high else { return .max }
        let (quotient, remainder) = divisor.dividingFullWidth(product)
        let rounded = remainder >= divisor - remainder ? quotient &+ 1 : quotient
        guard rounded <= UInt64(Int64.max) else { return .max }
        let negative = (nanodollars < 0) != (numerator < 0)
        return Money(nanodollars: negative ? -Int64(rounded) : Int64(rounded))
    }

    private static func saturating(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? (a < 0 ? .min : .max) : sum
    }
}

extension Money {
    /// Reads `12`, `12.50`, `$12.50` or `.0042`; at most nine decimals. Nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard let value = Decimal9(text.hasPrefix("$") ? text.dropFirst() : text[...]) else { return nil }
        nanodollars = value
    }

    /// `$1,234.57`: rounded half up to cents.
    public var description: String { formatted(decimals: 2) }

    /// The amount with exactly `decimals` (0…9) decimals, rounded half up, thousands separated by commas.
    public func formatted(decimals: Int) -> String {
        let sign = nanodollars < 0 ? "-" : ""
        var unit: UInt64 = 1
        for _ in decimals..<9 { unit *= 10 }
        let rounded =
            nanodollars.magnitude / unit + (nanodollars.magnitude % unit >= (unit + 1) / 2 && unit > 1 ? 1 : 0)
        let perDollar = 1_000_000_000 / unit
        let fraction = String(rounded % perDollar)
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

private func groupedByThousands(_ value: UInt64) -> String {
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

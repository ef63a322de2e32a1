/// A non-negative decimal number read from its digits, so that nothing is lost to binary fractions.
struct DecimalBytes {
    /// The number in billionths.
    let billionths: Int64

    /// Nil unless all of `range` is digits with at most one point, nine decimals, and a value below 9.2 billion.
    init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        var value: Int64 = 0
        var digits = 0
        var decimals = -1
        for offset in range {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "."), decimals < 0 {
                decimals = 0
                continue
            }
            let digit = Int64(byte) - 48
            guard digit >= 0, digit <= 9, digits < 18 else { return nil }
            value = value * 10 + digit
            digits += 1
            if decimals >= 0 { decimals += 1 }
        }
        guard digits > 0, decimals <= 9 else { return nil }
        let (scaled, overflow) = value.multipliedReportingOverflow(by: Self.powers[9 - max(decimals, 0)])
        guard !overflow else { return nil }
        billionths = scaled
    }

    init?(_ text: String) {
        let bytes = Array(text.utf8)
        self.init(bytes.span, 0..<bytes.count)
    }

    /// The nearest Double: exact whenever the number itself is a Double.
    var double: Double { Double(billionths) / 1e9 }

    private static let powers: [Int64] = [
        1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
    ]
}

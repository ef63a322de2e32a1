/// Reads a non-negative decimal such as `12`, `1.5` or `.25` as an integer of 10⁻⁹ units; nil unless the whole
/// text is such a number, with at most nine decimals and 27 digits in all.
func parseNano(_ text: some StringProtocol) -> Int128? {
    var value: Int128 = 0
    var decimals: Int?
    var digits = 0
    for byte in text.utf8 {
        if byte == UInt8(ascii: ".") {
            guard decimals == nil else { return nil }
            decimals = 0
            continue
        }
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), digits < 27 else { return nil }
        value = value * 10 + Int128(byte - UInt8(ascii: "0"))
        digits += 1
        if let count = decimals {
            guard count < 9 else { return nil }
            decimals = count + 1
        }
    }
    guard digits > 0, decimals != 0 else { return nil }
    for _ in (decimals ?? 0)..<9 { value *= 10 }
    return value
}

/// `value` (in 10⁻⁹ units) × `unit`, rounded half up; nil when it does not fit.
func scaledByNano(_ value: Int128, unit: Int64) -> Int64? {
    let (product, overflow) = value.multipliedReportingOverflow(by: Int128(unit))
    guard !overflow else { return nil }
    let (quotient, remainder) = product.quotientAndRemainder(dividingBy: 1_000_000_000)
    return Int64(exactly: quotient + (remainder >= 500_000_000 ? 1 : 0))
}

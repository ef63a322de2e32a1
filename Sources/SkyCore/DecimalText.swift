/// Reads a non-negative decimal such as `12`, `1.5` or `.25` as an integer of 10⁻⁹ units; nil unless the whole
/// text is such a number, has at most nine decimals and fits.
func Decimal9(_ text: some StringProtocol) -> Int64? {
    var value: Int64 = 0
    var decimals: Int?
    var digits = 0
    for byte in text.utf8 {
        if byte == UInt8(ascii: ".") {
            guard decimals == nil else { return nil }
            decimals = 0
            continue
        }
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
        let (next, carry) = tens.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
        guard !overflow, !carry else { return nil }
        value = next
        digits += 1
        if let count = decimals {
            guard count < 9 else { return nil }
            decimals = count + 1
        }
    }
    guard digits > 0 else { return nil }
    for _ in (decimals ?? 0)..<9 {
        let (next, overflow) = value.multipliedReportingOverflow(by: 10)
        guard !overflow else { return nil }
        value = next
    }
    return value
}

/// `value` (in 10⁻⁹ units) × `unit`, rounded half up; nil when it does not fit.
func scaledByNano(_ value: Int64, unit: Int64) -> Int64? {
    let product = value.magnitude.multipliedFullWidth(by: unit.magnitude)
    let divisor: UInt64 = 1_000_000_000
    guard divisor > product.high else { return nil }
    let (quotient, remainder) = divisor.dividingFullWidth(product)
    let rounded = quotient + (remainder >= divisor / 2 ? 1 : 0)
    return rounded <= UInt64(Int64.max) ? Int64(rounded) : nil
}

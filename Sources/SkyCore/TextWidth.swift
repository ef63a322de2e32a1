/// How many columns of a terminal the text takes: two for East Asian wide letters and emoji, none for marks that sit on
/// the letter before. Terminals differ about the rarest; this follows what most do.
public func displayWidth(of text: some StringProtocol) -> Int {
    text.unicodeScalars.reduce(0) { $0 + displayWidth(of: $1) }
}

func displayWidth(of scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return wideRanges.contains { $0.contains(scalar.value) } ? 2 : 1
    }
}

private let wideRanges: [ClosedRange<UInt32>] = [
    0x1100...0x115f, 0x231a...0x231b, 0x23e9...0x23ec, 0x26a1...0x26a1, 0x2705...0x2705, 0x2728...0x2728,
    0x274c...0x274c, 0x2753...0x2755, 0x2b50...0x2b50, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf,
    0x4e00...0x9fff, 0xa000...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
    0xff00...0xff60, 0xffe0...0xffe6, 0x16fe0...0x18aff, 0x1b000...0x1b2ff, 0x1f300...0x1f64f, 0x1f680...0x1f6ff,
    0x1f900...0x1f9ff, 0x1fa70...0x1faff, 0x20000...0x3fffd,
]

extension Unicode.Scalar {
    /// Moves cursors, changes colours, rings bells: not to be sent to a terminal out of a file.
    var isControl: Bool { properties.generalCategory == .control }
}

/// Amounts as Kubernetes writes them: `250m`, `4`, `16Gi`, `129e6`.
public enum Quantity {
    private static let factors: [(suffix: String, factor: Double)] = [
        ("Ki", 1024), ("Mi", 1_048_576), ("Gi", 1_073_741_824), ("Ti", 1_099_511_627_776),
        ("Pi", 1_125_899_906_842_624),
        ("Ei", 1_152_921_504_606_846_976), ("n", 1e-9), ("u", 1e-6), ("m", 1e-3), ("k", 1e3), ("M", 1e6), ("G", 1e9),
        ("T", 1e12), ("P", 1e15), ("E", 1e18),
    ]

    /// Nil of what is none.
    public static func value(_ text: String) -> Double? {
        if let plain = number(text[...]) { return plain }
        for (suffix, factor) in factors where text.hasSuffix(suffix) {
            return number(text.dropLast(suffix.count)).map { $0 * factor }
        }
        return nil
    }

    private static func number(_ text: Substring) -> Double? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || [0x2b, 0x2d, 0x2e, 0x45, 0x65].contains($0) }) else {
            return nil
        }
        return Double(text)
    }

    /// Processors, to a thousandth.
    public static func text(cores: Double) -> String { "\(Int((cores * 1000).rounded(.down)))m" }

    /// Of memory, in MiB.
    public static func text(mebibytes: Int) -> String { "\(mebibytes)Mi" }
}

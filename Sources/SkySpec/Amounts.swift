import SkyCore
import SkyYAML

/// Quantities, sizes, durations and money as fields write them. Each function returns nil after a complaint.
enum Amounts {
    static let size = TextForm("a size such as 40GB", pattern: #"^\s*[0-9.]+\s*([KMGTPkmgtp]i?)?[Bb]\s*$"#)
    static let duration = TextForm(
        "a duration such as 2h, 90m or 1h30m", pattern: #"^(\s*[0-9.]+\s*(ms|s|m|h|d|w))+\s*$"#)
    static let money = TextForm("dollars such as $50", pattern: #"^\$?[0-9]*\.?[0-9]+$"#)
    static let quantity = TextForm(
        "a number such as 8, 8+ for at least 8, or 8..16", pattern: #"^([0-9.]+\+?|[0-9.]*\.\.[0-9.]*)$"#)
    static let memory = TextForm(
        "GiB such as 32, 32+ for at least 32, 32..64, or 64GB",
        pattern: #"^[0-9.]+\s*(([KMGTPkmgtp][Ii]?)?[Bb]?)?(\+|x|\.\.([0-9.]+\s*([KMGTPkmgtp]?[Ii]?[Bb]?))?)?$"#)
    static let diskSize = TextForm("GB such as 256, or a size such as 1TB", pattern: "^[0-9.]+\\s*[A-Za-z]*$")

    static func readSize(_ node: YAMLNode, _ reading: Reading) -> DataSize? {
        readSize(node.scalar ?? "", at: node.range, reading)
    }

    static func readSize(_ text: String, at range: SourceRange, _ reading: Reading) -> DataSize? {
        if let size = DataSize(text) { return size }
        reading.error(
            "spec.bad-size", at: range, "'\(text)' is no size", expected: size.phrase,
            help: DataSize(text + "GB").map { _ in "did you mean '\(text)GB'?" } ?? unitHelp(text))
        return nil
    }

    private static func unitHelp(_ text: String) -> String? {
        let unit = String(text.drop { !$0.isLetter })
        guard !unit.isEmpty else { return nil }
        return "units are \(DataSize.unitNames.joined(separator: ", "))"
    }

    static func readDuration(_ node: YAMLNode, _ reading: Reading) -> TimeSpan? {
        readDuration(node.scalar ?? "", at: node.range, reading)
    }

    static func readDuration(_ text: String, at range: SourceRange, _ reading: Reading) -> TimeSpan? {
        guard let span = TimeSpan(text) else {
            reading.error(
                "spec.bad-duration", at: range, "'\(text)' is no duration", expected: duration.phrase,
                help: TimeSpan(text + "h").map { _ in "did you mean '\(text)h'?" } ?? "units are ms, s, m, h, d, w")
            return nil
        }
        if span > .zero { return span }
        reading.error("spec.impossible", at: range, "'\(text)' is no time at all", expected: "a duration above 0")
        return nil
    }

    static func readMoney(_ node: YAMLNode, _ reading: Reading) -> Money? {
        let text = node.scalar ?? ""
        if let amount = Money(text), amount > .zero { return amount }
        reading.error(
            "spec.bad-money", at: node.range, "'\(text)' is no amount of money", expected: money.phrase)
        return nil
    }

    /// `8`, `8+` or `8..16`, above 0; `what` names it in messages.
    static func readQuantity(_ node: YAMLNode, what: String, _ reading: Reading) -> Quantity? {
        let text = node.scalar ?? ""
        return complaining(
            QuantityText.read(text) { decimal(String($0)) }, at: node.range, what: what, reading
        ) {
            reading.error(
                "spec.bad-quantity", at: node.range, "'\(text)' is no number of \(what)", expected: quantity.phrase,
                help: rangeHelp(text))
        }
    }

    /// GiB: `32`, `32+`, `32GB`, `512MB+`, `32..64GB`. Units mean powers of 1024, as in SkyPilot.
    static func readMemory(_ node: YAMLNode, _ reading: Reading) -> Quantity? {
        let text = node.scalar ?? ""
        return complaining(
            QuantityText.read(text, number: gibibytes), at: node.range, what: "GiB of memory", reading
        ) {
            reading.error(
                "spec.bad-size", at: node.range, "'\(text)' is no amount of memory", expected: memory.phrase,
                help: rangeHelp(text))
        }
    }

    private static func complaining(
        _ result: Result<Quantity, QuantityText.Fault>, at range: SourceRange, what: String, _ reading: Reading,
        unreadable: () -> Void
    ) -> Quantity? {
        switch result {
        case .success(let quantity): return quantity
        case .failure(.unreadable): unreadable()
        case .failure(.notPositive(let amount)):
            reading.error(
                "spec.impossible", at: range, "\(trimmed(amount)) \(what) cannot be had",
                expected: "a number above 0")
        case .failure(.backwards(let mended)): complainBackwards(mended: mended, at: range, reading)
        }
        return nil
    }

    static func complainBackwards(mended: String, at range: SourceRange, _ reading: Reading) {
        reading.error(
            "spec.impossible", at: range, "nothing lies in this range: its lower end is above its upper end",
            expected: "the lower end first", help: "did you mean '\(mended)'?")
    }

    /// For those who write `8-16`.
    private static func rangeHelp(_ text: String) -> String? {
        let ends = text.split(separator: "-")
        guard ends.count == 2, ends.allSatisfy({ $0.first?.isNumber ?? false }) else { return nil }
        return "did you mean '\(ends[0])..\(ends[1])'?"
    }

    /// Whole GB, rounded down.
    static func readDiskSize(_ node: YAMLNode, _ reading: Reading) -> Int? {
        let text = node.scalar ?? ""
        guard let amount = gibibytes(text[...]), amount < 1e9 else {
            reading.error("spec.bad-size", at: node.range, "'\(text)' is no disk size", expected: diskSize.phrase)
            return nil
        }
        if amount >= 1 { return Int(amount) }
        reading.error(
            "spec.impossible", at: node.range, "a disk of '\(text)' cannot be had", expected: "at least 1GB")
        return nil
    }

    /// GiB of `16`, `16GB`, `512 MB`; nil for what is no amount of memory.
    static func gibibytes(_ text: Substring) -> Double? {
        let digits = text.prefix { !$0.isLetter && $0 != " " }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        let gibibyte = 1_073_741_824.0
        let scales: [Character: Double] = [
            "k": 1024 / gibibyte, "m": 1024 * 1024 / gibibyte, "g": 1, "t": 1024, "p": 1024 * 1024,
        ]
        if let amount = decimal(String(text)) { return amount }
        guard let amount = decimal(String(digits)) else { return nil }
        if unit == "b" { return amount / gibibyte }
        guard let scale = unit.first.flatMap({ scales[$0] }), ["", "b", "i", "ib"].contains(unit.dropFirst()) else {
            return nil
        }
        return amount * scale
    }

    /// More of anything than this is a slip of the finger.
    private static let countLimit = 10_000

    /// A whole number of at least `least`; `what` names it in messages.
    static func readCount(_ node: YAMLNode, what: String, least: Int = 1, _ reading: Reading) -> Int? {
        guard let count = node.scalar.flatMap({ Int($0) }) else { return nil }
        if count >= least, count <= countLimit { return count }
        reading.error(
            "spec.impossible", at: node.range, "\(count) \(what) cannot be had", expected: "\(least) to \(countLimit)")
        return nil
    }
}

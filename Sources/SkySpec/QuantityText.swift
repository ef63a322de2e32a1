import SkyCore

/// The text of a quantity: `8`, `8+`, `16..64`, `16..`, `..64`.
enum QuantityText {
    enum Fault: Error {
        case unreadable
        /// Nobody can have so few.
        case notPositive(Double)
        /// The lower end stands behind the upper one; the text with both in order.
        case backwards(mended: String)
    }

    /// `number` reads one end; spaces do not matter.
    static func read(
        _ text: some StringProtocol, number: (Substring) -> Double?
    ) -> Result<Quantity, Fault> {
        let text = String(text).filter { $0 != " " }[...]
        guard let (low, high) = RangeText.ends(of: text) else {
            let orMore = text.hasSuffix("+")
            guard let amount = number(orMore ? text.dropLast() : text) else { return .failure(.unreadable) }
            guard amount > 0 else { return .failure(.notPositive(amount)) }
            return .success(orMore ? .atLeast(amount) : .exactly(amount))
        }
        guard !low.isEmpty || !high.isEmpty, let least = low.isEmpty ? 0 : number(low),
            let most = high.isEmpty ? Double.infinity : number(high)
        else { return .failure(.unreadable) }
        guard least >= 0 else { return .failure(.notPositive(least)) }
        guard most > 0 else { return .failure(.notPositive(most)) }
        guard least <= most else { return .failure(.backwards(mended: "\(high)..\(low)")) }
        guard high.isEmpty else { return .success(Quantity(least: least, most: most)) }
        return least > 0 ? .success(.atLeast(least)) : .failure(.notPositive(least))
    }
}

/// The two dots of ranges: `16..64`, `2h..4h`, `30GB..60GB`.
enum RangeText {
    /// What stands on both sides of the dots, without spaces around; nil for anything that is no range.
    static func ends(of text: Substring) -> (low: Substring, high: Substring)? {
        guard let dots = text.firstRange(of: "..") else { return nil }
        return (trimmed(text[..<dots.lowerBound]), trimmed(text[dots.upperBound...]))
    }

    /// The same with the upper end's unit given to a lower end that has none: `2..4h` is `2h..4h`.
    static func endsOfOneUnit(_ text: Substring) -> (low: String, high: String)? {
        guard let (low, high) = ends(of: text) else { return nil }
        guard let last = low.last, last.isNumber else { return (String(low), String(high)) }
        let unit = high.drop { $0.isNumber || $0 == "." || $0 == " " }
        // `2..1h30m` has no one unit.
        return (String(low) + (unit.allSatisfy(\.isLetter) ? String(unit) : ""), String(high))
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }
}

import SkyCore

/// Texts that read back to exactly the same value, for files; `description` rounds, for people.
extension DataSize {
    var exactText: String {
        let units: [(String, Int64)] = [
            ("PB", 1_000_000_000_000_000), ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000),
            ("KB", 1_000),
        ]
        guard bytes > 0, let unit = units.first(where: { bytes % $0.1 == 0 }) else { return "\(bytes)B" }
        return "\(bytes / unit.1)\(unit.0)"
    }
}

extension TimeSpan {
    var exactText: String {
        let units: [(String, Int64)] = [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)]
        var (rest, text) = (milliseconds, "")
        for (name, length) in units where rest >= length {
            text += "\(rest / length)\(name)"
            rest %= length
        }
        return text.isEmpty ? "0s" : text
    }

    /// `1200` or `0.5`.
    var exactSeconds: String {
        let fraction = milliseconds % 1000
        if fraction == 0 { return "\(milliseconds / 1000)" }
        var digits = String(1000 + fraction).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(milliseconds / 1000).\(digits)"
    }
}

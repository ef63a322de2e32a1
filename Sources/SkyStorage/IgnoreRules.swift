/// The patterns of a `.skyignore`, read as git reads a `.gitignore`: one per line, `#` for comments, `*`, `?`, `[a-z]`
/// and `**`; a `/` at the end means folders only, one before that ties the pattern to the top; `!` takes back what
/// an earlier line left out, unless a whole folder around it is out. The last line that fits decides.
struct IgnoreRules: Sendable {
    private struct Rule: Sendable {
        var parts: [[Unicode.Scalar]] = []
        var isNegated = false
        var isForFolders = false
    }

    private let rules: [Rule]

    init(_ text: String) {
        rules = text.split(whereSeparator: \.isNewline).compactMap(Self.rule)
    }

    func ignores(_ path: String, isFolder: Bool) -> Bool { verdict(on: path, isFolder: isFolder) ?? false }

    /// Whether it is left out; nil where no line fits.
    func verdict(on path: String, isFolder: Bool) -> Bool? {
        let parts = path.unicodeScalars.split(separator: "/").map { Array($0) }
        let last = rules.last { rule in
            (isFolder || !rule.isForFolders) && Self.fits(parts[...], rule.parts[...])
        }
        return last.map { !$0.isNegated }
    }

    private static func rule(_ line: Substring) -> Rule? {
        var text = Substring(line).unicodeScalars
        while text.last == " " || text.last == "\t" { text.removeLast() }
        guard let first = text.first, first != "#" else { return nil }
        var rule = Rule()
        if first == "!" {
            rule.isNegated = true
            text.removeFirst()
        } else if first == "\\", let second = text.dropFirst().first, second == "#" || second == "!" {
            text.removeFirst()
        }
        if text.last == "/" {
            rule.isForFolders = true
            text.removeLast()
        }
        let isTied = text.contains("/")
        rule.parts = text.split(separator: "/").map { Array($0) }
        guard !rule.parts.isEmpty else { return nil }
        if !isTied { rule.parts.insert(["*", "*"], at: 0) }
        return rule
    }

    private static func fits(_ path: ArraySlice<[Unicode.Scalar]>, _ pattern: ArraySlice<[Unicode.Scalar]>) -> Bool {
        guard let part = pattern.first else { return path.isEmpty }
        let rest = pattern.dropFirst()
        if part == ["*", "*"] {
            // At the end it means everything inside, so at least one name.
            if rest.isEmpty { return !path.isEmpty }
            return path.indices.contains { fits(path[$0...], rest) }
        }
        guard let name = path.first, Self.matches(name[...], part[...]) else { return false }
        return fits(path.dropFirst(), rest)
    }

    /// One name against one part of a pattern. Goes back at most to the last `*`, so it takes no more than
    /// (length of the name) × (length of the pattern) steps.
    private static func matches(_ name: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Unicode.Scalar>) -> Bool {
        var (name, pattern) = (name, pattern)
        var retry: (name: ArraySlice<Unicode.Scalar>, pattern: ArraySlice<Unicode.Scalar>)?
        while true {
            if pattern.first == "*" {
                pattern = pattern.dropFirst()
                retry = (name, pattern)
            } else if let letter = name.first, let next = afterMatching(letter, pattern) {
                (name, pattern) = (name.dropFirst(), next)
            } else if name.isEmpty, pattern.isEmpty {
                return true
            } else if let last = retry, !last.name.isEmpty {
                (name, pattern) = (last.name.dropFirst(), last.pattern)
                retry = (name, pattern)
            } else {
                return false
            }
        }
    }

    /// What is left of the pattern once its beginning has matched `letter`; nil if it does not.
    private static func afterMatching(
        _ letter: Unicode.Scalar, _ pattern: ArraySlice<Unicode.Scalar>
    ) -> ArraySlice<Unicode.Scalar>? {
        switch pattern.first {
        case nil: return nil
        case "?": return pattern.dropFirst()
        case "\\" where pattern.count > 1:
            return pattern[pattern.startIndex + 1] == letter ? pattern.dropFirst(2) : nil
        case "[":
            if let (isIn, rest) = setMembership(of: letter, pattern.dropFirst()) { return isIn ? rest : nil }
            return letter == "[" ? pattern.dropFirst() : nil
        case let same: return same == letter ? pattern.dropFirst() : nil
        }
    }

    /// `pattern` begins after `[`. Nil when no `]` closes the set.
    private static func setMembership(
        of letter: Unicode.Scalar, _ pattern: ArraySlice<Unicode.Scalar>
    ) -> (isIn: Bool, rest: ArraySlice<Unicode.Scalar>)? {
        var rest = pattern
        let isNegated = rest.first == "!" || rest.first == "^"
        if isNegated { rest = rest.dropFirst() }
        var isIn = false
        var isFirst = true
        while let low = rest.first, low != "]" || isFirst {
            isFirst = false
            rest = rest.dropFirst()
            if rest.first == "-", let high = rest.dropFirst().first, high != "]" {
                isIn = isIn || (low <= high && low <= letter && letter <= high)
                rest = rest.dropFirst(2)
            } else {
                isIn = isIn || low == letter
            }
        }
        return rest.first == "]" ? (isIn != isNegated, rest.dropFirst()) : nil
    }
}

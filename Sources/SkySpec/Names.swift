/// Which names things may have. Stage and pipeline names become tags on what clouds rent out, and folder names.
enum Names {
    static func isStage(_ name: String) -> Bool {
        isMade(name, first: { isLower($0) }, rest: { isLower($0) || isDigit($0) || $0 == 0x2D }, limit: 40)
    }

    static func isArtifact(_ name: String) -> Bool {
        isMade(name, first: { isLower($0) }, rest: { isLower($0) || isDigit($0) || $0 == 0x5F }, limit: 64)
    }

    static func isVariable(_ name: String) -> Bool {
        let letter = { (byte: UInt8) in isLower(byte | 0x20) || byte == 0x5F }
        return isMade(name, first: letter, rest: { letter($0) || isDigit($0) }, limit: 256)
    }

    /// The nearest thing to `text` that may be a stage's name; nil when nothing of it can be kept.
    static func stage(from text: String) -> String? {
        let name = String(shortened(text).drop { !$0.isLetter })
        return name.isEmpty ? nil : name
    }

    /// The nearest thing to `text` that a run's name may begin with; nil when nothing of it can be kept.
    static func pipeline(from text: String) -> String? {
        let name = shortened(text)
        return name.isEmpty ? nil : name
    }

    /// The nearest thing to `text` that an artifact may be called; nil when nothing of it can be kept.
    static func artifact(from text: String) -> String? {
        let name = String(shortened(text).replacing("-", with: "_").drop { !$0.isLetter })
        return name.isEmpty ? nil : name
    }

    /// `dashed`, at most 40 characters.
    private static func shortened(_ text: String) -> String {
        var name = String(dashed(text).prefix(40))
        while name.hasSuffix("-") { name.removeLast() }
        return name
    }

    /// Lower case, everything else than letters and digits made one `-`.
    static func dashed(_ text: String) -> String {
        var name = ""
        for byte in text.lowercased().utf8 {
            if isLower(byte) || isDigit(byte) {
                name.unicodeScalars.append(Unicode.Scalar(byte))
            } else if !name.isEmpty, !name.hasSuffix("-") {
                name += "-"
            }
        }
        while name.hasSuffix("-") { name.removeLast() }
        return name
    }

    private static func isMade(
        _ name: String, first: (UInt8) -> Bool, rest: (UInt8) -> Bool, limit: Int
    ) -> Bool {
        guard let start = name.utf8.first, first(start), name.utf8.count <= limit else { return false }
        return name.utf8.dropFirst().allSatisfy(rest)
    }

    private static func isLower(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7A }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}

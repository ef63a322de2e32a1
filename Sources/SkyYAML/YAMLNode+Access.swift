extension YAMLNode {
    /// The entries of a mapping in file order; nil for anything else.
    public var mapping: [Entry]? {
        if case .mapping(let entries) = content { entries } else { nil }
    }

    /// The elements of a list; nil for anything else.
    public var sequence: [YAMLNode]? {
        if case .sequence(let elements) = content { elements } else { nil }
    }

    /// The text of a scalar, quoted or not; nil for anything else.
    public var scalar: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }

    /// The value of `key` in a mapping; nil when it is not there or this is no mapping.
    public subscript(key: String) -> YAMLNode? { mapping?.first { $0.key == key }?.value }

    /// True for an absent value, `~` and `null`.
    public var isNull: Bool { plainText.map { ["", "~", "null", "Null", "NULL"].contains($0) } ?? false }

    /// Unquoted `true`/`yes`/`on` and `false`/`no`/`off`, as YAML 1.1 spells them; nil for anything else.
    public var boolean: Bool? {
        guard let plainText else { return nil }
        for (value, words) in [(true, ["true", "yes", "on"]), (false, ["false", "no", "off"])] {
            for word in words {
                let titled = word.prefix(1).uppercased() + word.dropFirst()
                if plainText == word || plainText == titled || plainText == word.uppercased() { return value }
            }
        }
        return nil
    }

    /// An unquoted whole decimal number; nil for anything else.
    public var integer: Int? { plainText.flatMap { Int($0) } }

    /// An unquoted finite decimal number; nil for anything else.
    public var number: Double? {
        guard let plainText, plainText.utf8.allSatisfy({ !($0 == 0x78 || $0 == 0x58) }), let value = Double(plainText)
        else { return nil }
        return value.isFinite ? value : nil
    }

    /// What this is, for messages: `a list`, `a mapping`, `text`, `nothing`.
    public var kindName: String {
        switch content {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar: isNull ? "nothing" : number != nil ? "a number" : boolean != nil ? "a boolean" : "text"
        }
    }

    private var plainText: String? {
        if case .scalar(let text, isPlain: true) = content { text } else { nil }
    }
}

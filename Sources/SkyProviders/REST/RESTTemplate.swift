import SkyHTTP

/// A name between `{{` and `}}`, or several with `|` between them: the first that stands for something counts.
struct RESTExpression: Hashable, Sendable {
    /// `type.gpu` as its words.
    let names: [[String]]

    init(_ text: some StringProtocol) {
        names = text.split(separator: "|").map { name in
            name.split(separator: ".").map { String($0.filter { !$0.isWhitespace }) }
        }
    }

    func value(in scope: JSONValue) -> JSONValue? {
        for name in names {
            var tree: JSONValue? = scope
            for word in name { tree = tree?[word] }
            if let tree, tree != .null { return tree }
        }
        return nil
    }
}

/// JSON with names in it that stand for what is asked for.
///
/// Where a name stands for nothing, what it is in goes: the text, the entry, the element. A mapping with the key `when` goes
/// where that is false.
indirect enum RESTTemplate: Hashable, Sendable {
    case literal(JSONValue)
    /// Nothing but a name: it keeps its type.
    case value(RESTExpression)
    case text([Part])
    case list([RESTTemplate])
    case object([Entry], when: RESTExpression?)

    enum Part: Hashable, Sendable {
        case words(String)
        case value(RESTExpression)
    }

    struct Entry: Hashable, Sendable {
        let key: String
        let value: RESTTemplate
    }

    /// Of a text with names in it; nil when `{{` and `}}` do not match.
    init?(text: String) {
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else { return nil }
            if open.lowerBound > rest.startIndex { parts.append(.words(String(rest[..<open.lowerBound]))) }
            parts.append(.value(RESTExpression(rest[open.upperBound..<close.lowerBound])))
            rest = rest[close.upperBound...]
        }
        guard !rest.contains("}}") else { return nil }
        if !rest.isEmpty { parts.append(.words(String(rest))) }
        switch parts.count {
        case 0: self = .literal(.string(""))
        case 1:
            switch parts[0] {
            case .words(let words): self = .literal(.string(words))
            case .value(let expression): self = .value(expression)
            }
        default: self = .text(parts)
        }
    }

    /// Nil where it stands for nothing.
    ///
    /// - Parameter escape: for what is put into a text, not for the text around it.
    func rendered(_ scope: JSONValue, escape: (String) -> String = { $0 }) -> JSONValue? {
        switch self {
        case .literal(let tree): return tree
        case .value(let expression):
            guard let value = expression.value(in: scope) else { return nil }
            if case .string(let text) = value { return .string(escape(text)) }
            return value
        case .text(let parts):
            var text = ""
            for part in parts {
                switch part {
                case .words(let words): text += words
                case .value(let expression):
                    guard let value = expression.value(in: scope)?.text else { return nil }
                    text += escape(value)
                }
            }
            return .string(text)
        case .list(let elements): return .array(elements.compactMap { $0.rendered(scope) })
        case .object(let entries, let condition):
            if let condition, condition.value(in: scope)?.isTrue != true { return nil }
            var object: [String: JSONValue] = [:]
            for entry in entries {
                if let value = entry.value.rendered(scope) { object[entry.key] = value }
            }
            return .object(object)
        }
    }

    /// All names in it.
    var expressions: [RESTExpression] {
        switch self {
        case .literal: []
        case .value(let expression): [expression]
        case .text(let parts):
            parts.compactMap { part in if case .value(let expression) = part { expression } else { nil } }
        case .list(let elements): elements.flatMap(\.expressions)
        case .object(let entries, let condition): entries.flatMap(\.value.expressions) + (condition.map { [$0] } ?? [])
        }
    }
}

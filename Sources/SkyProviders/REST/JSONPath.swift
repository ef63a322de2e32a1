import SkyHTTP

/// A way into a tree: `data.instance_ids[0]`, `runtime.ports[private=22].public`, `regions[*].name`.
struct JSONPath: Hashable, Sendable {
    private enum Step: Hashable, Sendable {
        case key(String)
        case index(Int)
        /// The first element whose field has this text.
        case first(field: String, value: String)
        /// Each element: what follows is looked for in all of them.
        case each
        /// Each element whose field has another text than this.
        case without(field: String, value: String)
    }

    private let steps: [Step]

    /// The whole tree.
    static let root = JSONPath(steps: [])

    private init(steps: [Step]) { self.steps = steps }

    /// Nil of a text that is no way; a single dot is the whole tree.
    init?(_ text: String) {
        var steps: [Step] = []
        if text == "." {
            self.init(steps: [])
            return
        }
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
            guard let name = pieces.first else { return nil }
            if !name.isEmpty { steps.append(.key(String(name))) } else if pieces.count == 1 { return nil }
            for piece in pieces.dropFirst() {
                guard piece.hasSuffix("]"), let step = Self.selector(piece.dropLast()) else { return nil }
                steps.append(step)
            }
        }
        self.init(steps: steps)
    }

    private static func selector(_ text: Substring) -> Step? {
        if text == "*" { return .each }
        if let index = Int(text) { return .index(index) }
        let isNegative = text.contains("!=")
        let parts = text.split(separator: isNegative ? "!=" : "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        return isNegative
            ? .without(field: parts[0], value: parts[1]) : .first(field: parts[0], value: parts[1])
    }

    /// What is there; nil where the way ends before, and of nothing.
    func value(in tree: JSONValue) -> JSONValue? { Self.value(in: tree, steps[...]) }

    /// All that is there: the elements of a list, or the one that is no list.
    func values(in tree: JSONValue) -> [JSONValue] {
        guard let found = value(in: tree) else { return [] }
        return found.elements ?? [found]
    }

    private static func value(in tree: JSONValue, _ steps: ArraySlice<Step>) -> JSONValue? {
        guard let step = steps.first else { return tree == .null ? nil : tree }
        let rest = steps.dropFirst()
        switch step {
        case .key(let key): return tree[key].flatMap { value(in: $0, rest) }
        case .index(let index):
            guard let elements = tree.elements, elements.indices.contains(index) else { return nil }
            return value(in: elements[index], rest)
        case .first(let field, let wanted):
            return tree.elements?.first { $0[field]?.text == wanted }.flatMap { value(in: $0, rest) }
        case .each: return tree.elements.map { all(in: $0, rest) }
        case .without(let field, let unwanted):
            return tree.elements.map { all(in: $0.filter { $0[field]?.text != unwanted }, rest) }
        }
    }

    private static func all(in elements: [JSONValue], _ rest: ArraySlice<Step>) -> JSONValue {
        .array(elements.compactMap { value(in: $0, rest) })
    }
}

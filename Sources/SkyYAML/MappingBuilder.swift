import SkyCore

/// Collects the entries of one mapping: refuses duplicates, applies `<<`.
struct MappingBuilder {
    private let path: String
    private var entries: [YAMLNode.Entry] = []
    private var firstPlace: [String: SourceRange] = [:]
    private var merge: (index: Int, keyRange: SourceRange, value: YAMLNode)?
    private var problems: [Diagnostic] = []

    init(path: String) { self.path = path }

    mutating func add(key: YAMLNode, keyRange: SourceRange, value: YAMLNode) {
        guard case .scalar(let name, let isPlain) = key.content else {
            problems.append(
                Diagnostic(
                    code: "yaml.bad-key", path: path, range: keyRange, message: "\(key.kindName) cannot be a key",
                    expected: "a word or quoted text"))
            return
        }
        // Only the bare word merges: the quoted text "<<" is a name like any other.
        if name == "<<", isPlain {
            if let merge { return refuseDuplicate("<<", at: keyRange, first: merge.keyRange) }
            merge = (entries.count, keyRange, value)
            return
        }
        if let first = firstPlace[name] { return refuseDuplicate(name, at: keyRange, first: first) }
        firstPlace[name] = keyRange
        entries.append(YAMLNode.Entry(key: name, keyRange: keyRange, value: value))
    }

    /// The entries in file order, merged ones where `<<` stands, and what was wrong.
    consuming func finish() -> (entries: [YAMLNode.Entry], problems: [Diagnostic]) {
        guard let merge else { return (entries, problems) }
        var taken = Set(firstPlace.keys)
        var merged: [YAMLNode.Entry] = []
        for source in merge.value.sequence ?? [merge.value] {
            guard let mapping = source.mapping else {
                problems.append(
                    Diagnostic(
                        code: "yaml.bad-merge", path: path, range: merge.keyRange,
                        message: "'<<' cannot merge \(source.kindName)", expected: "a mapping or a list of mappings"))
                continue
            }
            for entry in mapping where taken.insert(entry.key).inserted { merged.append(entry) }
        }
        entries.insert(contentsOf: merged, at: merge.index)
        return (entries, problems)
    }

    private mutating func refuseDuplicate(_ name: String, at range: SourceRange, first: SourceRange) {
        problems.append(
            Diagnostic(
                code: "yaml.duplicate-key", path: path, range: range, message: "key '\(name)' is given twice",
                expected: "each key once", notes: [Diagnostic.Note(range: first, message: "first given here")]))
    }
}

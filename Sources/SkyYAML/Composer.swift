import SkyCore

/// Builds nodes from events: anchors, aliases, merge keys, and the limits.
struct Composer: ~Copyable {
    /// A node and how many nodes it stands for once its aliases are written out.
    private struct Composed {
        let node: YAMLNode
        let weight: Int
    }

    private let events: EventReader
    private let path: String
    private let limits: YAMLLimits
    private var anchors: [String: Composed] = [:]
    private var diagnostics: [Diagnostic] = []
    private var spent = 0
    /// Where the last key, value or bracket ended: libyaml puts the end of an indented block at the next token.
    private var lastEnd = SourcePosition(line: 1, column: 1)

    init(events: consuming EventReader, path: String, limits: YAMLLimits) {
        self.events = events
        self.path = path
        self.limits = limits
    }

    mutating func composeAll() -> YAMLDocuments {
        var documents: [YAMLNode] = []
        do throws(ReadingStopped) {
            reading: while true {
                switch try events.next().kind {
                case .streamEnd: break reading
                case .documentStart:
                    anchors = [:]
                    documents.append(try compose(try events.next(), depth: 0).node)
                default: continue
                }
            }
        } catch {
            diagnostics.append(error.diagnostic)
        }
        return YAMLDocuments(documents: documents, diagnostics: diagnostics)
    }

    private mutating func compose(_ event: Event, depth: Int) throws(ReadingStopped) -> Composed {
        let composed: Composed
        let anchor: String?
        switch event.kind {
        case .alias(let name):
            lastEnd = event.range.end
            return try resolve(name, at: event.range)
        case .scalar(let text, let isPlain, let name, let tag):
            lastEnd = event.range.end
            try spend(1, at: event.range)
            check(tag, at: event.range)
            let isText = tag == "!" || tag == Self.standardTags + "str"
            let node = YAMLNode(content: .scalar(text, isPlain: isPlain && !isText), range: event.range)
            (composed, anchor) = (Composed(node: node, weight: 1), name)
        case .sequenceStart(let name, let tag):
            try enter(event, tag: tag, depth: depth)
            (composed, anchor) = (try sequence(from: event.range, depth: depth + 1), name)
        case .mappingStart(let name, let tag):
            try enter(event, tag: tag, depth: depth)
            (composed, anchor) = (try mapping(from: event.range, depth: depth + 1), name)
        default:
            return Composed(node: YAMLNode(content: .scalar("", isPlain: true), range: event.range), weight: 1)
        }
        // Registered only now that it is complete, so that `&a [*a]` is an unknown alias and not a loop.
        if let anchor { anchors[anchor] = composed }
        return composed
    }

    private mutating func sequence(from start: SourceRange, depth: Int) throws(ReadingStopped) -> Composed {
        var elements: [YAMLNode] = []
        var weight = 1
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind {
                return Composed(
                    node: YAMLNode(content: .sequence(elements), range: closed(start, by: event)), weight: weight)
            }
            let element = try compose(event, depth: depth)
            elements.append(element.node)
            weight += element.weight
        }
    }

    private mutating func mapping(from start: SourceRange, depth: Int) throws(ReadingStopped) -> Composed {
        var builder = MappingBuilder(path: path)
        var weight = 1
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind {
                let (entries, problems) = builder.finish()
                diagnostics += problems
                return Composed(
                    node: YAMLNode(content: .mapping(entries), range: closed(start, by: event)), weight: weight)
            }
            let key = try compose(event, depth: depth)
            let value = try compose(try events.next(), depth: depth)
            weight += key.weight + value.weight
            // What an alias range points at is the anchor; complaints about the key belong where the key stands.
            builder.add(key: key.node, keyRange: event.range, value: value.node)
        }
    }

    /// From the first character to the last one that belongs to it.
    private mutating func closed(_ start: SourceRange, by end: Event) -> SourceRange {
        // The closing bracket is a character of its own; the end of an indented block is empty.
        if end.range.start != end.range.end { lastEnd = end.range.end }
        return SourceRange(start: start.start, end: max(start.start, lastEnd))
    }

    private mutating func resolve(_ name: String, at range: SourceRange) throws(ReadingStopped) -> Composed {
        guard let known = anchors[name] else {
            let nearest = nearestName(to: name, among: anchors.keys)
            diagnostics.append(
                Diagnostic(
                    code: "yaml.unknown-alias", path: path, range: range, message: "unknown alias '*\(name)'",
                    expected: "the name of an anchor that is complete before this place",
                    help: nearest.map { "did you mean '*\($0)'?" }))
            try spend(1, at: range)
            return Composed(node: YAMLNode(content: .scalar("", isPlain: true), range: range), weight: 1)
        }
        try spend(known.weight, at: range)
        return known
    }

    private mutating func spend(_ weight: Int, at range: SourceRange) throws(ReadingStopped) {
        spent += weight
        guard spent > limits.expandedNodes else { return }
        throw ReadingStopped(
            diagnostic: Diagnostic(
                code: "yaml.too-large", path: path, range: range,
                message: "the file stands for more than \(limits.expandedNodes) values",
                expected: "fewer values, aliases written out"))
    }

    private mutating func enter(_ event: Event, tag: String?, depth: Int) throws(ReadingStopped) {
        lastEnd = event.range.end
        try spend(1, at: event.range)
        check(tag, at: event.range)
        guard depth >= limits.depth else { return }
        throw ReadingStopped(
            diagnostic: Diagnostic(
                code: "yaml.too-deep", path: path,
                range: SourceRange(
                    start: event.range.start,
                    end: SourcePosition(line: event.range.start.line, column: event.range.start.column + 1)),
                message: "more than \(limits.depth) lists and mappings inside each other",
                expected: "at most \(limits.depth)"))
    }

    private static let standardTags = "tag:yaml.org,2002:"

    /// Types are decided by the fields; a tag that would mean something else must not be passed over in silence.
    private mutating func check(_ tag: String?, at range: SourceRange) {
        let known = ["str", "int", "float", "bool", "null", "map", "seq"]
        guard let tag, tag != "!", !known.contains(where: { tag == Self.standardTags + $0 }) else { return }
        let shown = tag.hasPrefix(Self.standardTags) ? "!!\(tag.dropFirst(Self.standardTags.count))" : tag
        diagnostics.append(
            Diagnostic(
                code: "yaml.unknown-tag", path: path, range: range, message: "unknown tag '\(shown)'",
                expected: "a value without a tag"))
    }
}

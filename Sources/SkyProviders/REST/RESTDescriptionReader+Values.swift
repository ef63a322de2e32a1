import SkyCore
import SkyHTTP
import SkyYAML

/// The names that templates may use, by where they are.
enum RESTNames {
    static let ofPlace = ["region", "place.", "setting."]
    static let ofList = ["setting."]
    static let ofKey = ofPlace + ["key.name", "key.line"]
    static let ofRequest =
        ofPlace + [
            "token", "run", "nodes", "zone", "instance_type", "type.", "spot", "image", "disk", "service_port",
            "accelerator.name", "accelerator.count",
        ]
    static let ofLaunch =
        ofRequest + ["rank", "name", "key.name", "key.line", "key.id", "cloud_init"]
        + RESTDescription.MachinePaths.TagForm.allCases.map { "tags.\($0.rawValue)" }
    /// Of a machine as the cloud tells of it.
    static let ofMachine = ofPlace + ["id", "machine."]
}

extension RESTDescriptionReader {
    // MARK: Endpoints

    mutating func listing(_ node: YAMLNode, _ names: [String]) -> RESTDescription.Listing? {
        guard let endpoint = endpoint(node, names, beside: ["items", "next", "pages"]),
            let items = required(node, "items").flatMap({ path($0) })
        else { return nil }
        var listing = RESTDescription.Listing(endpoint: endpoint, items: items)
        if let next = node["next"] {
            _ = mapping(next, known: ["token", "as"], what: "next")
            if let token = required(next, "token").flatMap({ path($0) }),
                let parameter = required(next, "as").flatMap({ text($0, "as") })
            {
                listing.paging = .token(token, parameter: parameter)
            }
        }
        if let pages = node["pages"] {
            _ = mapping(pages, known: ["as", "first", "size"], what: "pages")
            if let parameter = required(pages, "as").flatMap({ text($0, "as") }), let size = required(pages, "size") {
                if let size = size.integer, size > 0 {
                    listing.paging = .numbered(parameter: parameter, first: pages["first"]?.integer ?? 1, size: size)
                } else {
                    complain(size, "bad-number", "not how many are on a page", expected: "a number such as 100")
                }
            }
        }
        return listing
    }

    mutating func endpoint(
        _ node: YAMLNode, _ names: [String], beside others: [String] = []
    ) -> RESTDescription.Endpoint? {
        let methods: [String: HTTPRequest.Method] = [
            "get": .get, "post": .post, "put": .put, "patch": .patch, "delete": .delete,
        ]
        let entries = mapping(
            node, known: methods.keys.sorted() + ["query", "body", "pace"] + others, what: "a call")
        let calls = entries.filter { methods[$0.key] != nil }
        guard let call = calls.first, calls.count == 1, let method = methods[call.key] else {
            if node.mapping != nil {
                complain(node, "bad-value", "a call has one method", expected: "such as post: /instances")
            }
            return nil
        }
        guard let path = text(call.value, "a path"), path.hasPrefix("/") else {
            complain(call.value, "bad-path", "no path of the API", expected: "from / on")
            return nil
        }
        guard let template = template(call.value, names) else { return nil }
        var endpoint = RESTDescription.Endpoint(method: method, path: template)
        if let query = node["query"] {
            endpoint.query = mapping(query, what: "query").compactMap { entry in
                self.template(entry.value, names).map { .init(name: entry.key, value: $0) }
            }
        }
        endpoint.body = node["body"].flatMap { self.template($0, names) }
        endpoint.pace = span(node["pace"], "pace")
        return endpoint
    }

    // MARK: Templates

    mutating func template(_ node: YAMLNode, _ names: [String]) -> RESTTemplate? {
        if let elements = node.sequence { return .list(elements.compactMap { template($0, names) }) }
        if let entries = node.mapping {
            var condition: RESTExpression?
            var members: [RESTTemplate.Entry] = []
            for entry in entries {
                guard let value = template(entry.value, names) else { continue }
                guard entry.key == "when" else {
                    members.append(.init(key: entry.key, value: value))
                    continue
                }
                if case .value(let expression) = value {
                    condition = expression
                } else {
                    complain(
                        entry.value, "bad-template", "'when' is a name", expected: "such as when: \"{{type.gpu}}\"")
                }
            }
            return .object(members, when: condition)
        }
        guard let text = node.scalar, text.contains("{{") || text.contains("}}") else { return .literal(tree(node)) }
        guard let template = RESTTemplate(text: text) else {
            complain(node, "bad-template", "'{{' and '}}' do not match")
            return nil
        }
        for name in template.expressions.flatMap(\.names) { check(name.joined(separator: "."), node, names) }
        return template
    }

    private mutating func check(_ name: String, _ node: YAMLNode, _ names: [String]) {
        let isKnown = names.contains { known in
            known.hasSuffix(".") ? name.hasPrefix(known) && name.count > known.count : name == known
        }
        guard !isKnown else { return }
        complain(
            node, "unknown-name", "'\(name)' stands for nothing here",
            expected: "one of \(names.joined(separator: ", "))",
            help: nearestName(to: name, among: names).map { "did you mean '\($0)'?" })
    }

    // MARK: Values

    mutating func required(_ node: YAMLNode, _ field: String) -> YAMLNode? {
        if let value = node[field] { return value }
        if node.mapping != nil { complain(node, "missing-field", "the field '\(field)' is missing") }
        return nil
    }

    /// The id in an answer; nil where the answer is nothing but that.
    mutating func answer(_ node: YAMLNode) -> JSONPath? { node.scalar == "text" ? nil : path(node) }

    mutating func path(_ node: YAMLNode?) -> JSONPath? {
        guard let node, let text = text(node, "a place in an answer") else { return nil }
        if let path = JSONPath(text) { return path }
        complain(
            node, "bad-path", "'\(text)' is no place in an answer",
            expected: "such as data.instances, ids[0] or ports[private=22].ip")
        return nil
    }

    mutating func paths(_ node: YAMLNode?) -> [JSONPath] {
        guard let node else { return [] }
        return (node.sequence ?? [node]).compactMap { path($0) }
    }

    mutating func span(_ node: YAMLNode?, _ what: String) -> TimeSpan? {
        guard let node else { return nil }
        if let span = node.scalar.flatMap({ TimeSpan($0) }), (.zero...TimeSpan.hour).contains(span) { return span }
        complain(node, "bad-time", "not a time for \(what)", expected: "a time of at most 1h, such as 12s")
        return nil
    }

    mutating func flag(_ node: YAMLNode) -> Bool {
        if let value = node.boolean { return value }
        complain(node, "bad-value", "neither true nor false", expected: "true or false")
        return false
    }

    mutating func facts(_ node: YAMLNode) -> [String: JSONValue] {
        var facts: [String: JSONValue] = [:]
        for entry in mapping(node, what: "facts") { facts[entry.key] = tree(entry.value) }
        return facts
    }

    /// What is written, as JSON.
    func tree(_ node: YAMLNode) -> JSONValue {
        switch node.content {
        case .sequence(let elements): return .array(elements.map { tree($0) })
        case .mapping(let entries):
            return .object(
                Dictionary(entries.map { ($0.key, tree($0.value)) }, uniquingKeysWith: { first, _ in first }))
        case .scalar(let text, let isPlain):
            if !isPlain { return .string(text) }
            if node.isNull { return .null }
            if let number = node.number { return .number(number) }
            // Not YAML's other words: `no` is Norway.
            return text == "true" ? .boolean(true) : text == "false" ? .boolean(false) : .string(text)
        }
    }
}

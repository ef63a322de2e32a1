import SkyCore
import SkyHTTP
import SkyYAML

/// Reads a `rest.yaml`, and reports everything wrong with it at once.
struct RESTDescriptionReader: SettingsReader {
    static let code = "rest"
    let path: String
    let home: String
    var diagnostics: [Diagnostic] = []

    init(path: String, home: String) {
        self.path = path
        self.home = home
    }

    private static let fields = [
        "docs", "base", "auth", "user", "power_off", "pace", "settling", "spot", "requires", "types", "places",
        "errors",
        "keys", "launch", "list", "machine", "states", "terminate", "availability",
    ]
    static let otherNames = [
        "url": "base", "endpoint": "base", "create": "launch", "delete": "terminate", "ssh_keys": "keys",
        "regions": "places", "statuses": "states", "authentication": "auth", "token": "bearer", "env": "environment",
    ]

    /// Nil, with complaints, of a file that says too little.
    mutating func read(_ bytes: [UInt8]) -> RESTDescription? {
        let parsed = YAML.parse(bytes: bytes, path: path)
        diagnostics += parsed.diagnostics
        guard let root = parsed.documents.first else {
            if parsed.diagnostics.isEmpty { complain(nil, "empty", "the file says nothing") }
            return nil
        }
        _ = mapping(root, known: Self.fields, what: "an API")
        let launch = required(root, "launch").flatMap { self.launch($0) }
        let list = required(root, "list").flatMap { listing($0, RESTNames.ofList) }
        let machine = required(root, "machine").flatMap { self.machine($0) }
        let terminate = required(root, "terminate").flatMap { endpoint($0, RESTNames.ofMachine) }
        let base = required(root, "base").flatMap { self.base($0) }
        let auth = required(root, "auth").flatMap { self.auth($0) }
        let states = required(root, "states").map { self.states($0) } ?? [:]
        guard let base, let auth, let launch, let list, let machine, let terminate else { return nil }
        var description = RESTDescription(
            base: base, auth: auth, launch: launch, list: list, machine: machine, terminate: terminate)
        description.states = states
        readRest(root, into: &description)
        return description
    }

    private mutating func readRest(_ root: YAMLNode, into description: inout RESTDescription) {
        description.user = address(root["user"], "user") ?? description.user
        description.powerOff = text(root["power_off"], "power_off").flatMap { $0 == "none" ? nil : $0 }
        description.pace = span(root["pace"], "pace") ?? description.pace
        description.settling = span(root["settling"], "settling") ?? description.settling
        if let spot = root["spot"] { description.hasSpot = flag(spot) }
        if let required = root["requires"] {
            for entry in mapping(required, what: "requires") {
                description.required[entry.key] = text(entry.value, entry.key)
            }
        }
        if let types = root["types"] {
            description.types = mapping(types, what: "types").map { entry in
                .init(pattern: entry.key, facts: facts(entry.value))
            }
        }
        if let places = root["places"] {
            for entry in mapping(places, what: "places") { description.places[entry.key] = tree(entry.value) }
        }
        if let errors = root["errors"] {
            _ = mapping(errors, known: ["code", "message"], what: "errors")
            description.errors.code = paths(errors["code"])
            description.errors.message = paths(errors["message"])
        }
        if let keys = root["keys"] { description.keys = self.keys(keys) }
        if let availability = root["availability"] { description.availability = self.availability(availability) }
    }

    // MARK: Parts

    private mutating func base(_ node: YAMLNode) -> String? {
        guard let text = text(node, "base") else { return nil }
        if text.hasPrefix("https://"), !text.hasSuffix("/") { return text }
        complain(
            node, "bad-value", "'\(text)' is no address of an API", expected: "https://… without a slash at its end")
        return nil
    }

    private mutating func auth(_ node: YAMLNode) -> RESTAuth? {
        if node.scalar == "none" { return RESTAuth.none }
        let entries = mapping(node, known: ["bearer", "header", "basic", "client_credentials"], what: "auth")
        guard let entry = entries.first, entries.count == 1 else {
            if node.mapping != nil { complain(node, "bad-value", "auth is one way, and one only") }
            return nil
        }
        let value = entry.value
        switch entry.key {
        case "bearer": return secret(value).map { .bearer($0) }
        case "header":
            guard let name = required(value, "name").flatMap({ text($0, "name") }) else { return nil }
            return secret(value, beside: ["name"]).map { .header(name: name, $0) }
        case "basic":
            _ = mapping(value, known: ["user", "password"], what: "basic")
            guard let user = required(value, "user").flatMap({ secret($0) }),
                let password = required(value, "password").flatMap({ secret($0) })
            else { return nil }
            return .basic(user: user, password: password)
        case "client_credentials":
            _ = mapping(value, known: ["post", "id", "secret"], what: "client_credentials")
            guard let path = required(value, "post").flatMap({ text($0, "post") }),
                let id = required(value, "id").flatMap({ secret($0) }),
                let secret = required(value, "secret").flatMap({ secret($0) })
            else { return nil }
            return .clientCredentials(path: path, id: id, secret: secret)
        default: return nil
        }
    }

    private mutating func secret(_ node: YAMLNode, beside others: [String] = []) -> RESTSecret? {
        _ = mapping(node, known: ["environment", "file", "key"] + others, what: "a secret's place")
        let secret = RESTSecret(
            variable: text(node["environment"], "environment"), file: text(node["file"], "file"),
            key: text(node["key"], "key"))
        if secret.variable != nil || secret.file != nil { return secret }
        complain(
            node, "missing-field", "nothing says where the secret is", expected: "environment: NAME, or file: ~/path")
        return nil
    }

    private mutating func launch(_ node: YAMLNode) -> RESTDescription.Launch? {
        guard let endpoint = endpoint(node, RESTNames.ofLaunch, beside: ["id"]) else { return nil }
        guard let id = required(node, "id") else { return nil }
        return .init(endpoint: endpoint, id: answer(id))
    }

    private mutating func keys(_ node: YAMLNode) -> RESTDescription.Keys? {
        _ = mapping(node, known: ["list", "add", "id", "public_key"], what: "keys")
        guard let list = required(node, "list").flatMap({ listing($0, RESTNames.ofPlace) }),
            let add = required(node, "add"), let endpoint = endpoint(add, RESTNames.ofKey, beside: ["id"]),
            let added = required(add, "id"), let id = required(node, "id").flatMap({ path($0) }),
            let publicKey = required(node, "public_key").flatMap({ path($0) })
        else { return nil }
        return .init(list: list, id: id, publicKey: publicKey, add: endpoint, addedID: answer(added))
    }

    private mutating func availability(_ node: YAMLNode) -> RESTDescription.Availability? {
        guard let endpoint = endpoint(node, RESTNames.ofRequest, beside: ["regions"]),
            let regions = required(node, "regions").flatMap({ text($0, "regions") })
        else { return nil }
        return .init(endpoint: endpoint, regions: regions)
    }

    private mutating func machine(_ node: YAMLNode) -> RESTDescription.MachinePaths? {
        let forms = RESTDescription.MachinePaths.TagForm.allCases.map(\.rawValue)
        let known = [
            "id", "state", "tags", "region", "zone", "type", "public_address", "private_address", "ssh_port", "spot",
            "created", "reason", "ports",
        ]
        _ = mapping(node, known: known, what: "machine")
        let tags = required(node, "tags")
        let form = tags.flatMap { mapping($0, known: forms, what: "tags").first }
        if let tags, form == nil, tags.mapping != nil {
            complain(tags, "missing-field", "nothing says how tags are kept", expected: "such as \(forms[0]): tags")
        }
        guard let id = required(node, "id").flatMap({ path($0) }),
            let state = required(node, "state").flatMap({ path($0) }), let form,
            let tagForm = RESTDescription.MachinePaths.TagForm(rawValue: form.key), let tagPath = path(form.value)
        else { return nil }
        var paths = RESTDescription.MachinePaths(id: id, state: state, tags: tagPath, tagForm: tagForm)
        paths.region = path(node["region"])
        paths.zone = path(node["zone"])
        paths.type = path(node["type"])
        paths.publicAddress = path(node["public_address"])
        paths.privateAddress = path(node["private_address"])
        paths.sshPort = path(node["ssh_port"])
        paths.spot = path(node["spot"])
        paths.created = path(node["created"])
        paths.reason = path(node["reason"])
        if let ports = node["ports"] {
            _ = mapping(ports, known: ["items", "inside", "outside"], what: "ports")
            paths.ports = path(required(ports, "items"))
            paths.portInside = path(required(ports, "inside"))
            paths.portOutside = path(required(ports, "outside"))
        }
        return paths
    }

    private mutating func states(_ node: YAMLNode) -> [String: RESTDescription.StateMeaning] {
        let states = CloudMachine.State.allCases.map(\.rawValue)
        let kinds = ProviderError.Kind.allCases.map(\.rawValue)
        var meanings: [String: RESTDescription.StateMeaning] = [:]
        for entry in mapping(node, what: "states") {
            let words = (entry.value.scalar ?? "").split(separator: " ").map(String.init)
            let kind = words.count == 2 ? ProviderError.Kind(rawValue: words[1]) : nil
            guard let first = words.first, let state = CloudMachine.State(rawValue: first),
                words.count == 1 || kind != nil
            else {
                complain(
                    entry.value, "bad-value", "'\(entry.value.scalar ?? "")' is not what a machine can do",
                    expected:
                        "one of \(states.joined(separator: ", ")); after 'ended' also why, one of \(kinds.joined(separator: ", "))",
                    help: words.first.flatMap { nearestName(to: $0, among: states) }.map { "did you mean '\($0)'?" })
                continue
            }
            meanings[entry.key] = .init(state: state, failure: kind)
        }
        return meanings
    }
}

public import SkyCore
import SkyYAML

extension MockScript {
    /// Reads a `mock.yaml`. All that is wrong with it is thrown together. `providers` are the names that may stand
    /// under `providers:`; any may when it is nil.
    public init(_ source: SourceFile, providers known: [String]? = nil) throws(DiagnosticsError) {
        let documents = YAML.parse(source)
        var reader = ScriptReader(path: source.path, diagnostics: documents.diagnostics)
        self.init()
        if let root = documents.documents.first {
            self = Self.read(root, known: known, &reader)
        }
        if documents.documents.count > 1 {
            reader.complain(
                documents.documents[1].range, "mock.one-document", "a script is one document",
                help: "put all providers under one 'providers:'")
        }
        guard reader.diagnostics.isEmpty else { throw DiagnosticsError(reader.diagnostics, sources: [source]) }
    }

    private static func read(_ root: YAMLNode, known: [String]?, _ reader: inout ScriptReader) -> MockScript {
        let fields = reader.fields(of: root, "a script", ["providers", "seed"])
        var script = MockScript()
        if let node = fields["seed"] { script.seed = UInt64(reader.wholeNumber(node, atLeast: 0) ?? 0) }
        guard let providers = fields["providers"], !providers.isNull else { return script }
        guard let entries = providers.mapping else {
            reader.wrongKind(providers, expected: "a mapping from provider names to how they misbehave")
            return script
        }
        for entry in entries {
            if let known, !known.contains(entry.key) {
                reader.complain(
                    entry.keyRange, "mock.unknown-provider", "there is no provider '\(entry.key)'",
                    expected: "one of \(known.sorted().joined(separator: ", "))",
                    help: nearestName(to: entry.key, among: known).map { "did you mean '\($0)'?" })
            }
            script.providers[entry.key] = ProviderScript(entry.value, &reader)
        }
        return script
    }
}

extension ProviderScript {
    private static let fieldNames = [
        "boot_failures", "credential_failures", "latency", "lost_replies", "preemptions", "quota", "rate_limit",
        "stockouts", "terminate_failures",
    ]

    init(_ node: YAMLNode, _ reader: inout ScriptReader) {
        self.init()
        let fields = reader.fields(of: node, "a provider's script", Self.fieldNames)
        if let node = fields["latency"] { readLatency(node, &reader) }
        if let node = fields["rate_limit"] { rateLimit = RateLimit(node, &reader) }
        quotas = reader.list(fields["quota"]) { Quota($0, &$1) }
        credentialFailures = reader.list(fields["credential_failures"]) { FaultRule($0, .anyCall, &$1) }
        stockouts = reader.list(fields["stockouts"]) { FaultRule($0, .provision, &$1) }
        bootFailures = reader.list(fields["boot_failures"]) { FaultRule($0, .provision, &$1) }
        lostReplies = reader.list(fields["lost_replies"]) { FaultRule($0, .provision, &$1) }
        terminateFailures = reader.list(fields["terminate_failures"]) { FaultRule($0, .anyCall, &$1) }
        preemptions = reader.list(fields["preemptions"]) { PreemptionRule($0, &$1) }
    }

    private mutating func readLatency(_ node: YAMLNode, _ reader: inout ScriptReader) {
        let fields = reader.fields(of: node, "latency", ["provision", "terminate"])
        provisionLatency = fields["provision"].flatMap { reader.spans($0) } ?? .none
        terminateLatency = fields["terminate"].flatMap { reader.spans($0) } ?? .none
    }
}

extension RateLimit {
    init?(_ node: YAMLNode, _ reader: inout ScriptReader) {
        let fields = reader.fields(of: node, "a rate limit", ["calls", "per"], required: ["calls"])
        guard let calls = fields["calls"].flatMap({ reader.wholeNumber($0, atLeast: 0) }) else { return nil }
        self.init(calls: calls, per: fields["per"].flatMap { reader.span($0) } ?? .seconds(1))
    }
}

extension Quota {
    init(_ node: YAMLNode, _ reader: inout ScriptReader) {
        let fields = reader.fields(of: node, "a quota", ["groups", "nodes", "region"])
        self.init(
            region: fields["region"].flatMap { reader.text($0) },
            groups: fields["groups"].flatMap { reader.wholeNumber($0, atLeast: 0) },
            nodes: fields["nodes"].flatMap { reader.wholeNumber($0, atLeast: 0) })
        if node.mapping != nil, fields["groups"] == nil, fields["nodes"] == nil {
            reader.complain(
                node.range, "mock.missing-field", "a quota that limits nothing", expected: "'groups', 'nodes' or both")
        }
    }
}

extension FaultRule {
    /// What a rule can be about: a listing has no instance type.
    enum Scope { case anyCall, provision }

    private static let placeFields = ["instance_type", "region", "spot", "zone"]
    private static let timeFields = ["first", "for", "probability"]

    init(
        _ node: YAMLNode, _ scope: Scope, also more: [String] = [], or optional: [String] = [],
        _ reader: inout ScriptReader
    ) {
        let names = (scope == .provision ? Self.placeFields : []) + Self.timeFields + more + optional
        let fields = reader.fields(of: node, "a rule", names, required: more)
        self.init(
            region: fields["region"].flatMap { reader.text($0) },
            zone: fields["zone"].flatMap { reader.text($0) },
            instanceType: fields["instance_type"].flatMap { reader.text($0) },
            isSpot: fields["spot"].flatMap { reader.boolean($0) },
            first: fields["first"].flatMap { reader.wholeNumber($0, atLeast: 1) },
            lasting: fields["for"].flatMap { reader.span($0) },
            probability: fields["probability"].flatMap { reader.probability($0) })
    }
}

extension PreemptionRule {
    init?(_ node: YAMLNode, _ reader: inout ScriptReader) {
        let rule = FaultRule(node, .provision, also: ["after"], or: ["notice"], &reader)
        let notice = node["notice"].flatMap { reader.span($0) }
        guard let after = node["after"].flatMap({ reader.spans($0) }) else { return nil }
        self.init(rule, after: after, notice: notice)
    }
}

public import SkyCore
import SkyProviders
import SkyYAML

extension FaultPlan {
    /// Reads a `faults.yaml`: what it says departs from `nasty`, or from what `base` names. All that is wrong with it is
    /// thrown together.
    public init(_ source: SourceFile) throws(DiagnosticsError) {
        let documents = YAML.parse(source)
        var reader = ScriptReader(path: source.path, subject: "faults", diagnostics: documents.diagnostics)
        self = .nasty
        if let root = documents.documents.first { self = Self.read(root, &reader) }
        if documents.documents.count > 1 {
            reader.complain(
                documents.documents[1].range, "faults.one-document", "a plan of faults is one document",
                help: "put all rates under one 'rates:'")
        }
        guard reader.diagnostics.isEmpty else { throw DiagnosticsError(reader.diagnostics, sources: [source]) }
    }

    private static func read(_ root: YAMLNode, _ reader: inout ScriptReader) -> FaultPlan {
        let fields = reader.fields(
            of: root, "a plan of faults", ["base", "calm_after", "dead_for", "nodes_per_zone", "rates"])
        var plan = fields["base"].map { base($0, &reader) } ?? .nasty
        if let node = fields["nodes_per_zone"], let nodes = reader.wholeNumber(node, atLeast: 1) {
            plan.nodesPerZone = nodes
        }
        if let node = fields["calm_after"], let span = reader.span(node) { plan.calmAfter = span }
        if let node = fields["dead_for"], let spans = reader.spans(node) { plan.deadFor = spans.least...spans.most }
        if let node = fields["rates"] { plan.readRates(node, &reader) }
        return plan
    }

    private static func base(_ node: YAMLNode, _ reader: inout ScriptReader) -> FaultPlan {
        switch node.scalar {
        case "nasty": return .nasty
        case "none": return .none
        default:
            reader.complain(node.range, "faults.unknown-base", "no such plan of faults", expected: "nasty or none")
            return .nasty
        }
    }

    /// A number from 0 to 1, or a switch: `true` is the rate of `nasty`.
    private mutating func readRates(_ node: YAMLNode, _ reader: inout ScriptReader) {
        let names = FaultKind.allCases.map(\.name)
        let fields = reader.fields(of: node, "rates", names)
        for kind in FaultKind.allCases {
            guard let node = fields[kind.name] else { continue }
            if let isOn = node.boolean {
                self[kind] = isOn ? FaultPlan.nasty[kind] : 0
            } else if let rate = reader.probability(node) {
                self[kind] = rate
            }
        }
    }
}

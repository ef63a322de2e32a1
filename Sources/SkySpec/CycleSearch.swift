import SkyCore
import SkyYAML

/// Finds stages that wait for each other.
struct CycleSearch {
    /// Stage to the stages it waits for, with the words that say so.
    private let edges: [String: [(target: String, range: SourceRange)]]
    private let order: [String]

    init(_ drafts: [StageDraft]) {
        order = drafts.map(\.name.value)
        var edges: [String: [(String, SourceRange)]] = [:]
        for draft in drafts {
            for source in draft.inputs.compactMap(\.source) + draft.after {
                let name = source.value.split(separator: ".", maxSplits: 1).first.map(String.init) ?? ""
                guard order.contains(name) else { continue }
                edges[draft.name.value, default: []].append((name, source.range(of: source.value.prefix(name.count))))
            }
        }
        self.edges = edges
    }

    /// Complains once about each circle, with every stage in it.
    func complain(_ reading: Reading) {
        var state: [String: Bool] = [:]
        var path: [(name: String, range: SourceRange)] = []
        func visit(_ name: String) {
            state[name] = false
            for edge in edges[name] ?? [] {
                path.append((name, edge.range))
                switch state[edge.target] {
                case nil: visit(edge.target)
                case false?: report(path.drop { $0.name != edge.target }, reading)
                case true?: break
                }
                path.removeLast()
            }
            state[name] = true
        }
        for name in order where state[name] == nil { visit(name) }
    }

    private func report(_ circle: ArraySlice<(name: String, range: SourceRange)>, _ reading: Reading) {
        guard let first = circle.first else { return }
        let names = circle.map(\.name) + [first.name]
        reading.error(
            "spec.cycle", at: first.range,
            "the stages wait for each other: " + names.joined(separator: " → "),
            expected: "stages that can be put in an order", help: "remove one of these dependencies",
            notes: circle.dropFirst().map { Diagnostic.Note(range: $0.range, message: "'\($0.name)' waits here") })
    }
}

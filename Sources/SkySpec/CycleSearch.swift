import SkyCore
import SkyYAML

/// Finds stages that wait for each other.
struct CycleSearch {
    /// Stage to the stages it waits for, with the words that say so.
    private let edges: [String: [(target: String, range: SourceRange)]]
    private let order: [String]

    init(_ drafts: [StageDraft], _ stages: StageIndex) {
        order = drafts.map(\.name.value)
        var edges: [String: [(String, SourceRange)]] = [:]
        for draft in drafts {
            for source in draft.inputs.flatMap(\.sources) + draft.after {
                let name = source.value.split(separator: ".", maxSplits: 1).first.map(String.init) ?? ""
                let range = source.range(of: source.value.prefix(name.count))
                for maker in stages.makers(name, for: draft) {
                    edges[draft.name.value, default: []].append((maker.name.value, range))
                }
            }
        }
        self.edges = edges
    }

    /// Complains once about each circle, with every stage in it.
    func complain(_ reading: Reading) {
        var finished: Set<String> = []
        for start in order where !finished.contains(start) {
            // A path of its own instead of recursion: a chain may be longer than a thread's stack.
            var path = [Step(name: start)]
            var onPath: Set<String> = [start]
            while var step = path.popLast() {
                guard let edge = (edges[step.name] ?? []).dropFirst(step.edgesTaken).first else {
                    finished.insert(step.name)
                    onPath.remove(step.name)
                    continue
                }
                step.edgesTaken += 1
                step.range = edge.range
                path.append(step)
                if onPath.contains(edge.target) {
                    report(path.drop { $0.name != edge.target }, reading)
                } else if !finished.contains(edge.target) {
                    path.append(Step(name: edge.target))
                    onPath.insert(edge.target)
                }
            }
        }
    }

    /// A stage on the way, and the word that leads on from it.
    private struct Step {
        let name: String
        var edgesTaken = 0
        var range: SourceRange?
    }

    private func report(_ circle: ArraySlice<Step>, _ reading: Reading) {
        guard let first = circle.first else { return }
        let names = circle.map(\.name) + [first.name]
        reading.error(
            "spec.cycle", at: first.range,
            "the stages wait for each other: " + names.joined(separator: " → "),
            expected: "stages that can be put in an order", help: "remove one of these dependencies",
            notes: circle.dropFirst().compactMap { step in
                step.range.map { Diagnostic.Note(range: $0, message: "'\(step.name)' waits here") }
            })
    }
}

import SkyCore
import SkySpec

/// What a pipeline's inputs say about its graph.
struct StageLinks {
    private(set) var flows: [PlacementProblem.Flow] = []
    /// Each pair of stages once, whatever flows between them.
    private(set) var pairs: [(from: Int, to: Int)] = []
    /// Every stage after all that it waits for; else as in the file.
    private(set) var order: [Int] = []
    private(set) var caveats: [String] = []

    /// Where things are that come from outside.
    var sources: [Location] {
        flows.compactMap { if case .place(let location) = $0.source { location } else { nil } }
    }

    init(_ pipeline: Pipeline, history: PlacementHistory) throws(PlacementError) {
        var numbers: [String: Int] = [:]
        for (index, stage) in pipeline.stages.enumerated() {
            guard numbers.updateValue(index, forKey: stage.name) == nil else {
                throw .malformedPipeline("there are two stages '\(stage.name)'")
            }
        }
        guard !numbers.isEmpty else { throw .malformedPipeline("the pipeline '\(pipeline.name)' has no stages") }
        for (reader, stage) in pipeline.stages.enumerated() {
            for input in stage.inputs { try read(input, of: stage.name, reader, pipeline, numbers, history) }
        }
        let orderings = pipeline.stages.flatMap { stage in stage.after.map { (before: $0, after: stage.name) } }
        for (before, after) in orderings {
            guard let from = numbers[before], let to = numbers[after] else {
                let missing = numbers[before] == nil ? before : after
                throw .malformedPipeline("'\(after)' comes after '\(before)', but there is no stage '\(missing)'")
            }
            link(from, to)
        }
        try sort(pipeline)
    }

    private mutating func read(
        _ input: StageInput, of stage: String, _ reader: Int, _ pipeline: Pipeline, _ numbers: [String: Int],
        _ history: PlacementHistory
    ) throws(PlacementError) {
        switch input.source {
        case .path: bring(input, from: .here, to: stage, reader)
        case .uri(let address):
            if let location = input.location { return bring(input, from: location, to: stage, reader) }
            caveats.append("where \(address) is kept is not known: bringing it to '\(stage)' is not priced or timed")
        case .output(let source, let artifact):
            guard let from = numbers[source] else {
                throw .malformedPipeline("stage '\(stage)' reads from '\(source)', which is not there")
            }
            let declared = pipeline.stages[from].outputs.first { $0.name == artifact }?.sizeEstimate
            let learned = history.size(of: artifact, madeBy: source)
            let size = input.size.map { Estimate($0) } ?? learned ?? declared
            if size == nil {
                caveats.append("the size of '\(source).\(artifact)' is not known: moving it counts as free")
            }
            flows.append(
                .init(
                    artifact: "\(source).\(artifact)", source: .stage(from), reader: reader,
                    sizeRange: size ?? Estimate(.zero)))
            link(from, reader)
        }
    }

    private mutating func bring(_ input: StageInput, from place: Location, to stage: String, _ reader: Int) {
        let size = max(input.size ?? .zero, .zero)
        if input.size == nil {
            caveats.append("the size of input '\(input.name)' of '\(stage)' is not known: bringing it counts as free")
        }
        flows.append(.init(artifact: input.name, source: .place(place), reader: reader, sizeRange: Estimate(size)))
    }

    private mutating func link(_ from: Int, _ to: Int) {
        if !pairs.contains(where: { $0 == (from, to) }) { pairs.append((from, to)) }
    }

    private mutating func sort(_ pipeline: Pipeline) throws(PlacementError) {
        var waiting = [Int](repeating: 0, count: pipeline.stages.count)
        for pair in pairs { waiting[pair.to] += 1 }
        var isPlaced = [Bool](repeating: false, count: waiting.count)
        while order.count < waiting.count {
            guard let next = waiting.indices.first(where: { !isPlaced[$0] && waiting[$0] == 0 }) else {
                let names = waiting.indices.filter { !isPlaced[$0] }.map { "'\(pipeline.stages[$0].name)'" }
                throw .malformedPipeline("stages wait for each other in a circle: \(names.joined(separator: ", "))")
            }
            isPlaced[next] = true
            order.append(next)
            for pair in pairs where pair.from == next { waiting[pair.to] -= 1 }
        }
    }
}

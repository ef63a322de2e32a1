import SkySpec

/// Which stage waits for which, by position in the pipeline. Made once per run.
struct RunGraph: Hashable, Sendable {
    let index: [String: Int]
    /// For each stage, those that must be done before it begins: the makers of its inputs, and those it comes `after`.
    let before: [[Int]]
    /// For each stage, those that wait for it.
    let after: [[Int]]

    init(_ pipeline: Pipeline) {
        let index = Dictionary(
            pipeline.stages.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.index = index
        before = pipeline.stages.map { stage in stage.dependencies.compactMap { index[$0] } }
        var after = [[Int]](repeating: [], count: pipeline.stages.count)
        for (stage, dependencies) in before.enumerated() {
            for dependency in dependencies { after[dependency].append(stage) }
        }
        self.after = after
    }
}

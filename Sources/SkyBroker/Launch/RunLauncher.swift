import SkyCatalog
public import SkyCore
public import SkyPlacement
public import SkySpec
public import SkyStorage

/// Turns a pipeline and its plan into a run: takes code and inputs as they are now, and writes the journal's first
/// word. Starts nothing: a driver does.
public struct RunLauncher: Sendable {
    private let journal: Journal
    /// Of this machine.
    private let store: LocalArtifactStore
    private let inputs: any InputSource
    private let isElsewhere: @Sendable (_ provider: String) -> Bool

    /// - Parameters:
    ///   - inputs: of addresses; brings them into the same store.
    ///   - isElsewhere: whether nodes of a provider are other machines than this, which may fetch by themselves.
    public init(
        journal: Journal, store: LocalArtifactStore, inputs: any InputSource = NoInputs(),
        isElsewhere: @escaping @Sendable (_ provider: String) -> Bool = { _ in false }
    ) {
        self.journal = journal
        self.store = store
        self.inputs = inputs
        self.isElsewhere = isElsewhere
    }

    /// Throws `LaunchError` when something the pipeline names cannot be taken; then there is no run.
    public func launch(
        _ pipeline: Pipeline, plan: Plan, zones: [String: [String]],
        history: PlacementHistory = PlacementHistory(), options: LaunchOptions? = nil, at now: Instant,
        using generator: inout some RandomNumberGenerator
    ) async throws -> RunID {
        let here = store
        var code: [String: StoredArtifact] = [:]
        var inputs: [String: StoredArtifact] = [:]
        for stage in pipeline.stages {
            if let artifact = try await snapshot(stage.code, of: stage.name, into: here) {
                code[stage.name] = StoredArtifact(name: "code", artifact: artifact, location: .here)
            }
            for input in stage.inputs {
                let mayFetch = plan.stage(named: stage.name).map { isElsewhere($0.offer.provider) } ?? false
                inputs["\(stage.name).\(input.name)"] = try await take(
                    input, of: stage.name, into: here, nodesMayFetch: mayFetch)
            }
        }
        for _ in 0..<100 {
            guard let run = RunID.random(for: pipeline.name, using: &generator) else { break }
            let launch = Launch(
                run: run, pipeline: pipeline, plan: plan, zones: zones, code: code, externalInputs: inputs,
                history: history, options: options)
            if try journal.begin(RecordedEvent(.launched(launch), at: now), run: run) { return run }
        }
        throw LaunchError("no name is left for a run of '\(pipeline.name)'")
    }

    private func snapshot(
        _ code: StageCode, of stage: String, into store: LocalArtifactStore
    ) async throws -> Artifact? {
        let copied = code.mounts.filter { $0.mode == nil }
        guard code.workdir != nil || !copied.isEmpty else { return nil }
        var mounts: [CodeSnapshot.Mount] = []
        for mount in copied {
            var artifact: Artifact?
            if mount.source.contains("://") {
                artifact = try await inputs.fetch(mount.source)
                guard artifact != nil else {
                    throw LaunchError(
                        "stage '\(stage)' mounts \(mount.source), and this version mounts from \(Self.schemes) only: "
                            + "download it and mount the file")
                }
            }
            mounts.append(
                CodeSnapshot.Mount(
                    target: MountWays.inside(mount.target), source: mount.source, artifact: artifact?.digest))
        }
        return try await CodeSnapshot(workdir: code.workdir, mounts: mounts).put(in: store)
    }

    private static let schemes = "s3://, gs://, az:// and https://"

    /// Nil for what stages make.
    private func take(
        _ input: StageInput, of stage: String, into store: LocalArtifactStore, nodesMayFetch: Bool
    ) async throws -> StoredArtifact? {
        switch input.source {
        case .output: return nil
        case .path(let path):
            return StoredArtifact(name: input.name, artifact: try await store.put(path: path), location: .here)
        case .uri(let uri):
            if let taken = try await inputs.take(uri, as: input.name, nodesMayFetch: nodesMayFetch) { return taken }
            throw LaunchError(
                "stage '\(stage)' reads \(uri), and this version reads remote inputs from \(Self.schemes) only: "
                    + "download it and give its path as \(stage).inputs.\(input.name)")
        }
    }
}

/// A request that cannot become a run; nothing was started.
public struct LaunchError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

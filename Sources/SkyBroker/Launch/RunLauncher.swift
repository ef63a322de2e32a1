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
    private let fetch: Fetch

    /// Brings what a URL names into a store; nil when nobody knows how.
    public typealias Fetch = @Sendable (_ uri: String, _ store: LocalArtifactStore) async throws -> Artifact?

    public init(journal: Journal, store: LocalArtifactStore, fetch: @escaping Fetch = { _, _ in nil }) {
        self.journal = journal
        self.store = store
        self.fetch = fetch
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
                guard let artifact = try await take(input, of: stage.name, into: here) else { continue }
                inputs["\(stage.name).\(input.name)"] = StoredArtifact(
                    name: input.name, artifact: artifact, location: .here)
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
        guard code.workdir != nil || !code.mounts.isEmpty else { return nil }
        if let mount = code.mounts.first(where: { $0.source.contains("://") }) {
            throw LaunchError(
                "stage '\(stage)' mounts \(mount.source), and this version reads no remote file_mounts: "
                    + "download it and mount the file")
        }
        let mounts = code.mounts.map { CodeSnapshot.Mount(target: $0.target, source: $0.source) }
        return try await CodeSnapshot(workdir: code.workdir, mounts: mounts).put(in: store)
    }

    private func take(
        _ input: StageInput, of stage: String, into store: LocalArtifactStore
    ) async throws -> Artifact? {
        switch input.source {
        case .output: return nil
        case .path(let path): return try await store.put(path: path)
        case .uri(let uri):
            if let artifact = try await fetch(uri, store) { return artifact }
            throw LaunchError(
                "stage '\(stage)' reads \(uri), and this version reads remote inputs from s3:// only: "
                    + "download it and give its path as \(stage).inputs.\(input.name)")
        }
    }
}

/// A request that cannot become a run; nothing was started.
public struct LaunchError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

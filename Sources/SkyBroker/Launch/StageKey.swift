import FoundationEssentials
import SkyCore
import SkySpec
import SkyStorage

/// The digest of everything that could change what a batch stage makes: inputs, command, environment, code and the
/// shape of its gang. Where it runs is not part of it.
struct StageKey: Hashable, Sendable {
    let hex: String

    /// Nil for services and for stages without outputs: they make nothing that could be found again, so what they are
    /// run for is what they do. And for stages that mount buckets: what they read there nobody has seen.
    init?(stage: Stage, inputs: [StoredArtifact], code: StoredArtifact?) {
        guard stage.service == nil, !stage.outputs.isEmpty, stage.code.liveMounts.isEmpty else { return nil }
        let recipe = Recipe(
            version: 1, stage: stage.name, setup: stage.setup, run: stage.run, envs: stage.envs,
            secretNames: stage.secretNames.sorted(),
            numNodes: stage.numNodes, engine: stage.engine, outputs: stage.outputs.map(\.name).sorted(),
            inputs: Dictionary(
                inputs.map { ([$0.name, $0.entry].compactMap { $0 }.joined(separator: "/"), $0.artifact.digest) },
                uniquingKeysWith: { first, _ in first }),
            image: stage.resources.imageID,
            code: code?.artifact.digest)
        guard let text = try? JournalCoding.encode(recipe) else { return nil }
        hex = ArtifactDigest(hashing: Array(text.utf8)).hex
    }

    private struct Recipe: Encodable {
        let version: Int
        /// The command sees it as `SKY_STAGE`.
        let stage: String
        let setup: String?
        let run: String?
        let envs: [String: String]
        let secretNames: [String]
        let numNodes: Int
        /// Nil, and then not in the text, for stages without: their keys are those of earlier versions.
        let engine: StageEngine?
        let outputs: [String]
        let inputs: [String: ArtifactDigest]
        let image: String?
        let code: ArtifactDigest?
    }
}

import SkyCore
import SkySpec
import SkyStorage

/// The digest of what decides what a stage's setup makes of a node: the setup itself, the environment that its author gives
/// it, and the image that the node was made from.
enum SetupKey {
    /// Nil for a stage without a setup.
    static func hex(of stage: Stage) -> String? {
        guard let setup = stage.setup else { return nil }
        let recipe = Recipe(
            version: 1, setup: setup, envs: stage.envs, secretNames: stage.secretNames.sorted(),
            image: stage.resources.imageID)
        guard let text = try? JournalCoding.encode(recipe) else { return nil }
        return ArtifactDigest(hashing: Array(text.utf8)).hex
    }

    private struct Recipe: Encodable {
        let version: Int
        let setup: String
        let envs: [String: String]
        let secretNames: [String]
        let image: String?
    }
}

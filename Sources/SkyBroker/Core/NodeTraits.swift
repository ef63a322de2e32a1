import SkyCore
import SkySpec

/// What of a stage's request makes its nodes what they are, beside the offer: two stages with the same offer, as many nodes
/// and the same traits would rent the same.
struct NodeTraits: Hashable, Sendable {
    private let diskSize: Int?
    private let diskTier: String?
    private let networkTier: String?
    private let imageID: String?
    private let ports: [Int]
    private let labels: [String: String]
    /// Which of them the offer came from is not known any more.
    private let alternatives: [ResourceRequest]

    init(_ stage: Stage) {
        let request = stage.resources
        diskSize = request.diskSize
        diskTier = request.diskTier
        networkTier = request.networkTier
        imageID = request.imageID
        ports = request.ports
        labels = request.labels
        alternatives = stage.alternatives
    }
}

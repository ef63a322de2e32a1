import SkyCore

/// What is known here of a group that is a job, written down before anything of it is done.
struct SlurmGroupRecord: StoredGroup {
    static let currentVersion = 1

    struct Member: Hashable, Sendable, Codable {
        /// Slurm's name for it.
        var node: String
        /// How its peers reach it.
        var address: String
        /// The node's folder there.
        var directory: String
    }

    var version = Self.currentVersion
    var request: NodeGroupRequest
    /// `lost` from the moment that the end of the group is decided: there is no way back.
    var state = NodeGroup.State.pending
    /// Nil while nobody has heard of its submission.
    var job: Int?
    /// When the job got its nodes.
    var startedAt: Instant?
    /// By rank; empty until all agents have answered.
    var members: [Member] = []

    init(_ request: NodeGroupRequest) { self.request = request }

    var isSound: Bool { members.isEmpty || members.count == request.numNodes }

    func group(of provider: String) -> NodeGroup {
        let nodes = members.enumerated().map { rank, member in
            Node(
                id: member.node, rank: rank, address: member.address,
                endpointPort: rank == 0 ? request.servicePort : nil)
        }
        return NodeGroup(
            token: request.token, run: request.run, provider: provider, region: request.region,
            instanceType: request.instanceType, state: state, createdAt: startedAt, nodes: nodes)
    }
}

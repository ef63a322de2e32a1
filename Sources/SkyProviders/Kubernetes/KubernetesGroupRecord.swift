import SkyCore

/// What is known here of a group of pods, written down before anything of it is done.
struct KubernetesGroupRecord: StoredGroup {
    static let currentVersion = 1

    struct Member: Hashable, Sendable, Codable {
        var pod: String
        /// Another pod of the same name is another node.
        var uid: String
        /// How its peers reach it.
        var address: String
        /// Its agent's folder there.
        var directory: String
    }

    var version = Self.currentVersion
    var request: NodeGroupRequest
    var namespace: String
    /// `lost` from the moment that the end of the group is decided: there is no way back.
    var state = NodeGroup.State.pending
    var createdAt: Instant
    /// By rank; empty until all agents have answered.
    var members: [Member] = []

    init(_ request: NodeGroupRequest, namespace: String) {
        self.request = request
        self.namespace = namespace
        createdAt = SystemScriptClock().now()
    }

    var isSound: Bool { members.isEmpty || members.count == request.numNodes }

    func group(of provider: String) -> NodeGroup {
        let note = NodeGroupNote(request: request)
        return NodeGroup(
            token: request.token, run: request.run, provider: provider, region: request.region,
            instanceType: request.instanceType, state: state, createdAt: createdAt,
            nodes: members.enumerated().map { note.node($0, host: $1.pod, address: $1.address) })
    }
}

import SkyCore

/// What is known here of a group of hosts, written down before anything of it is done.
struct SSHGroupRecord: StoredGroup {
    static let currentVersion = 1

    struct Member: Hashable, Sendable, Codable {
        /// `rack/node1`
        var host: String
        /// How its peers reach it.
        var address: String
        /// The node's folder there; nil while nobody has said that it is there.
        var directory: String?
    }

    var version = Self.currentVersion
    var request: NodeGroupRequest
    /// `lost` from the moment that the end of the group is decided: there is no way back.
    var state = NodeGroup.State.pending
    var createdAt: Instant
    /// By rank; nil for a rank that has no host yet.
    var members: [Member?]
    /// Hosts on which something of the group may be, whoever has heard of it.
    var touched: [String] = []

    init(_ request: NodeGroupRequest) {
        self.request = request
        createdAt = SystemScriptClock().now()
        members = Array(repeating: nil, count: request.numNodes)
    }

    var isSound: Bool { members.count == request.numNodes }

    mutating func touch(_ host: String) { if !touched.contains(host) { touched.append(host) } }

    func group(of provider: String) -> NodeGroup {
        let note = NodeGroupNote(request: request)
        let nodes = members.enumerated().compactMap { rank, member in
            member.map { note.node(rank, host: $0.host, address: $0.address) }
        }
        return NodeGroup(
            token: request.token, run: request.run, provider: provider, region: request.region,
            instanceType: request.instanceType, state: state, createdAt: createdAt, nodes: nodes)
    }
}

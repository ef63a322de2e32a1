import SkyCore
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What is known here of a group of hosts, written down before anything of it is done.
struct SSHGroupRecord: Hashable, Sendable, Codable {
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

    mutating func touch(_ host: String) { if !touched.contains(host) { touched.append(host) } }

    func group(of provider: String) -> NodeGroup {
        let note = SSHNodeNote(request: request)
        let nodes = members.enumerated().compactMap { rank, member in
            member.map { note.node(rank, host: $0.host, address: $0.address) }
        }
        return NodeGroup(
            token: request.token, run: request.run, provider: provider, region: request.region,
            instanceType: request.instanceType, state: state, createdAt: createdAt, nodes: nodes)
    }
}

/// What each node of a group says of it on its host, for brokers that know nothing of it.
struct SSHNodeNote: Hashable, Sendable, Codable {
    var request: NodeGroupRequest

    func node(_ rank: Int, host: String, address: String) -> Node {
        Node(id: host, rank: rank, address: address, endpointPort: rank == 0 ? request.servicePort : nil)
    }

    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Texts and numbers only: it can always be encoded.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    init(request: NodeGroupRequest) { self.request = request }

    init?(_ text: String) {
        guard let note = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else { return nil }
        self = note
    }
}

/// The records, in files `<provider>/<token>.json`, and a lock for each token.
struct SSHGroupStore: Sendable {
    /// The provider's folder.
    let root: String

    func load(_ token: String) throws(SystemError) -> SSHGroupRecord? {
        guard let bytes = try Files.read("\(root)/\(token).json") else { return nil }
        guard let record = try? JSONDecoder().decode(SSHGroupRecord.self, from: Data(bytes)),
            record.version <= SSHGroupRecord.currentVersion, record.members.count == record.request.numNodes
        else { return nil }
        return record
    }

    func save(_ record: SSHGroupRecord) throws(SystemError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        guard let data = try? encoder.encode(record) else { return }
        try Files.makeFolder(root, mode: 0o700)
        try Files.replace("\(root)/\(record.request.token).json", with: data, durability: .processes)
    }

    func remove(_ token: String) throws(SystemError) { try Disk.remove("\(root)/\(token).json") }

    func all() -> [SSHGroupRecord] {
        Files.names(in: root).filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }
            .compactMap { (try? load(String($0.dropLast(5)))) ?? nil }
    }

    func lock(_ token: String) async throws(SystemError) -> WaitingLock {
        try Files.makeFolder(root, mode: 0o700)
        return try await WaitingLock.acquire(token, in: "\(root)/.locks")
    }
}

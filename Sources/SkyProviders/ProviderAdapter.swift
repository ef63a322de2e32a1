public import SkyCore
public import SkyRuntime

/// Speaks one provider's API. Small on purpose: whoever writes an adapter writes these five.
///
/// An adapter never retries, never waits for capacity and never chooses: the broker does, and knows by the error's
/// kind what to do next. Where machines are a person's own or a cluster's, and others are in line for them, it waits as long as
/// that person's settings say, and tells in `WaitingNotes` what for.
public protocol ProviderAdapter: Sendable {
    /// The provider's name in the catalog.
    var provider: String { get }

    /// True when nothing of the real cloud is used: nodes are processes of this machine.
    var isStandIn: Bool { get }

    /// Rents all nodes of a group, or none. The same token means the same group, however often this is called and
    /// whoever died in between; a repeated call returns the group once all of its nodes can be reached. Under a token that
    /// was given back nothing is made any more: `lost`.
    func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup

    /// What the provider knows of the token's group now, a notice of its interruption included; nil when it has never
    /// been or is gone for good.
    func describe(token: String) async throws(ProviderError) -> NodeGroup?

    /// Everything rented here that carries the run's tag; of all runs when `run` is nil. No journal is asked.
    func list(run: RunID?) async throws(ProviderError) -> [NodeGroup]

    /// Gives the group back. Returns when nothing of it is left: no machine, process or port. Of something already
    /// gone, or never made, it returns at once. From then on nothing is ever made under the token, not even by a
    /// `provision` that is still under way or comes late.
    func terminate(token: String) async throws(ProviderError)

    /// The way to one node's agent and files.
    func channel(to node: Node, of group: NodeGroup) async throws(ProviderError) -> any NodeChannel
}

/// What to rent.
public struct NodeGroupRequest: Hashable, Sendable, Codable {
    /// Derived from run, stage and attempt: the same for every repetition.
    public var token: String
    public var run: RunID
    public var region: String
    public var zone: String?
    public var instanceType: String
    public var accelerator: AcceleratorCount?
    public var isSpot: Bool
    public var numNodes: Int
    /// Tags for the provider's console beside the run's own.
    public var labels: [String: String]
    /// A port that must be reachable from here; the group says where it ended up in `Node.endpointPort`.
    public var servicePort: Int?
    /// The lease that each node has from its first second: it ends itself when nobody has renewed it for so long. Nil
    /// for none. Not part of what the token stands for.
    public var lease: TimeSpan?

    public init(
        token: String, run: RunID, region: String, zone: String? = nil, instanceType: String,
        accelerator: AcceleratorCount? = nil, isSpot: Bool = false, numNodes: Int = 1, labels: [String: String] = [:],
        servicePort: Int? = nil, lease: TimeSpan? = nil
    ) {
        self.token = token
        self.run = run
        self.region = region
        self.zone = zone
        self.instanceType = instanceType
        self.accelerator = accelerator
        self.isSpot = isSpot
        self.numNodes = numNodes
        self.labels = labels
        self.servicePort = servicePort
        self.lease = lease
    }
}

/// The machines that one attempt holds.
public struct NodeGroup: Hashable, Sendable, Codable {
    public enum State: String, Hashable, Sendable, Codable {
        case pending, running
        /// The provider took it, a node of it died, or its lease has run out: only `terminate` makes sense now.
        case lost
    }

    public var token: String
    public var run: RunID
    public var provider: String
    public var region: String
    public var instanceType: String
    public var state: State
    /// When the provider has said that it will take the group, about; nil while it has said nothing. Until then the
    /// group runs on, and what has to be saved can be.
    public var interruptionAt: Instant?
    /// Why it is lost, or what it waits for, where the provider says so; for people.
    public var reason: String?
    /// Since when it is rented, where the provider says so.
    public var createdAt: Instant?
    /// By rank.
    public var nodes: [Node]

    public init(
        token: String, run: RunID, provider: String, region: String, instanceType: String, state: State,
        interruptionAt: Instant? = nil, createdAt: Instant? = nil, nodes: [Node]
    ) {
        self.token = token
        self.run = run
        self.provider = provider
        self.region = region
        self.instanceType = instanceType
        self.state = state
        self.interruptionAt = interruptionAt
        self.createdAt = createdAt
        self.nodes = nodes
    }
}

/// One machine of a group.
public struct Node: Hashable, Sendable, Codable {
    /// The provider's own name for it.
    public var id: String
    public var rank: Int
    /// How its peers reach it.
    public var address: String
    /// The port that answers for the request's `servicePort`.
    public var endpointPort: Int?

    public init(id: String, rank: Int, address: String, endpointPort: Int? = nil) {
        self.id = id
        self.rank = rank
        self.address = address
        self.endpointPort = endpointPort
    }
}

/// The way to a node: its agent's protocol, and its files. Paths on the node are relative to the node's directory.
public protocol NodeChannel: Sendable {
    /// True when the node's files are files of this machine, so that `absolutePath` can be read and written directly.
    var isOnThisMachine: Bool { get }

    /// A fresh connection to the node's agent, which is started if it is not running.
    func connect() async throws(ProviderError) -> any NodeAgent

    /// The absolute path on the node that a relative one stands for, as its jobs see it.
    func absolutePath(_ path: String) -> String

    /// Copies a file or folder of this machine to the node, replacing what is there. Nothing is in its place before all of it
    /// has come; where some of it is there already, a call that fails may leave the rest half replaced.
    func push(from localPath: String, to nodePath: String) async throws(ProviderError)

    /// Copies a file or folder of the node to this machine, replacing what is there, in the same way.
    func pull(from nodePath: String, to localPath: String) async throws(ProviderError)

    /// How a person gets into the node: a shell, or `command` for `/bin/sh`, in the job's folder and with its variables.
    ///
    /// - Parameter hasTerminal: a person types into it.
    func entrance(job: String, command: String?, hasTerminal: Bool) async throws(ProviderError) -> NodeEntrance

    /// True if there is such a file or folder on the node.
    func exists(_ nodePath: String) async throws(ProviderError) -> Bool

    /// A port of this machine's own loopback that leads to `port` of the node's, for whoever cannot reach the node otherwise.
    /// It lasts as long as the way to the node is used; asked for again, it is mended if need be, and is the same. Nil where there
    /// is no such way.
    func forward(port: Int) async throws(ProviderError) -> Int?
}

extension NodeChannel {
    public func forward(port: Int) async throws(ProviderError) -> Int? { nil }
}

/// An adapter whose machines are there before anybody rents them, so that each can be asked whether it answers.
public protocol ProbingAdapter: ProviderAdapter {
    /// Asks all of them at once.
    func probe() async -> [ProbedPlace]
}

/// One machine that was asked.
public struct ProbedPlace: Hashable, Sendable, Codable {
    /// The pool that it is in.
    public var region: String
    public var name: String
    public var answers: Bool
    /// What it is, or why it does not answer and what to do about it.
    public var message: String

    public init(region: String, name: String, answers: Bool, message: String) {
        self.region = region
        self.name = name
        self.answers = answers
        self.message = message
    }
}

extension NodeGroupRequest {
    /// True if `other` asks for the same machines. Labels and ports may change their wording between versions of the
    /// broker; a token must not come to mean other machines.
    func asksForMachines(of other: NodeGroupRequest) -> Bool {
        run == other.run && numNodes == other.numNodes && region == other.region
            && instanceType == other.instanceType && isSpot == other.isSpot
    }
}

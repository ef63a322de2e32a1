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

    /// True when each node is a container itself: a stage's container image is then what its nodes start from.
    var nodesAreContainers: Bool { get }
    /// Whether its nodes are processes of this machine, whose files are files of this machine.
    var nodesAreHere: Bool { get }

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

    /// Why the token's group can only be given back, and not stopped; nil where it can be stopped. Asks nobody. An adapter
    /// that says nothing of this has no groups that can be.
    func obstacleToStopping(_ token: String) -> String?

    /// Stops the group's machines and keeps their disks: they cost no more than these. Returns when no machine runs any more; of
    /// a group that is stopped, at once. What its jobs had not saved elsewhere is lost.
    ///
    /// - Returns: when the machines ran last, from their request or their start on, by the provider's books.
    /// - Throws: `lost` for a group that is gone.
    func stop(token: String) async throws(ProviderError) -> HeldSpan?

    /// Starts a stopped group again, with the same disks and host keys, and other addresses. Repeated, it goes on where the last
    /// call was cut short; a group that runs is returned as it is.
    ///
    /// - Throws: `noCapacity` where the machines cannot be had now, `lost` for a group that is gone: it should be given back then.
    func start(token: String) async throws(ProviderError) -> NodeGroup
}

extension ProviderAdapter {
    public var nodesAreContainers: Bool { false }

    public var nodesAreHere: Bool { false }

    public func obstacleToStopping(_ token: String) -> String? { "nodes of \(provider) cannot be stopped" }

    public func stop(token: String) async throws(ProviderError) -> HeldSpan? {
        throw ProviderError(.badRequest, provider: provider, "nodes of \(provider) cannot be stopped")
    }

    public func start(token: String) async throws(ProviderError) -> NodeGroup {
        throw ProviderError(.badRequest, provider: provider, "nodes of \(provider) cannot be started again")
    }
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
    /// Room on each node's disk, in GiB; nil for what the image and the provider have.
    public var diskGiB: Int?
    /// `low`, `medium`, `high`, `ultra`: see `disk` in `provider.yaml`; nil for `medium`.
    public var diskTier: String?
    /// The provider's own name for the image; nil for what fits the machine.
    public var image: String?
    /// What was asked of the machine that it only has when it is told to: `confidential`, `confidential-sev-snp`, …; nil for
    /// nothing in particular.
    public var capabilities: [String]?
    /// Tags for the provider's console beside the run's own.
    public var labels: [String: String]
    /// A port that must be reachable from here; the group says where it ended up in `Node.endpointPort`.
    public var servicePort: Int?
    /// The lease that each node has from its first second: it ends itself when nobody has renewed it for so long. Nil
    /// for none. Not part of what the token stands for.
    public var lease: TimeSpan?

    public init(
        token: String, run: RunID, region: String, zone: String? = nil, instanceType: String,
        accelerator: AcceleratorCount? = nil, isSpot: Bool = false, numNodes: Int = 1, diskGiB: Int? = nil,
        diskTier: String? = nil, image: String? = nil, capabilities: [String]? = nil, labels: [String: String] = [:],
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
        self.diskGiB = diskGiB
        self.diskTier = diskTier
        self.image = image
        self.capabilities = capabilities
        self.labels = labels
        self.servicePort = servicePort
        self.lease = lease
    }
}

/// The machines that one attempt holds.
public struct NodeGroup: Hashable, Sendable, Codable {
    public enum State: String, Hashable, Sendable, Codable {
        case pending, running
        /// Its machines are stopped and their disks kept: only `start` and `terminate` make sense now.
        case stopped
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
    /// What the provider says of how its machines are sealed off from it, where they are; for people.
    public var assurance: String?
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

    public var location: Location { Location(provider: provider, region: region) }
}

/// One machine of a group.
public struct Node: Hashable, Sendable, Codable {
    /// The provider's own name for it.
    public var id: String
    public var rank: Int
    /// How its peers reach it.
    public var address: String
    /// How it is reached from outside its network, where that is another address.
    public var publicAddress: String?
    /// The port that answers for the request's `servicePort`.
    public var endpointPort: Int?

    public init(
        id: String, rank: Int, address: String, publicAddress: String? = nil, endpointPort: Int? = nil
    ) {
        self.id = id
        self.rank = rank
        self.address = address
        self.publicAddress = publicAddress
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

    /// Has the node bring a file or folder by itself, from where the order says, replacing what is there. Nothing is in its place
    /// before all of it has come and has its digests; a call that was cut short is gone on with.
    ///
    /// - Returns: with an obstacle where the node cannot: it has to be pushed then.
    func fetch(_ order: FetchOrder, to nodePath: String) async throws(ProviderError) -> FetchReply

    /// Has the node hash a file or folder of its own.
    ///
    /// - Returns: with an obstacle where the node cannot: it has to be pulled then.
    func survey(_ order: SurveyOrder, of nodePath: String) async throws(ProviderError) -> FileSurvey

    /// Has the node send files of its own by itself, to where the order says. What has arrived already, the store knows.
    ///
    /// - Returns: with an obstacle where not all of it went.
    func upload(_ order: UploadOrder, from nodePath: String) async throws(ProviderError) -> UploadReply

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

    public func fetch(_ order: FetchOrder, to nodePath: String) async throws(ProviderError) -> FetchReply {
        FetchReply(fetched: 0, obstacle: "nodes of this provider fetch nothing by themselves")
    }

    public func survey(_ order: SurveyOrder, of nodePath: String) async throws(ProviderError) -> FileSurvey {
        FileSurvey(obstacle: "nodes of this provider send nothing by themselves")
    }

    public func upload(_ order: UploadOrder, from nodePath: String) async throws(ProviderError) -> UploadReply {
        UploadReply(sent: 0, obstacle: "nodes of this provider send nothing by themselves")
    }
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

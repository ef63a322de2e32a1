public import SkyCore

/// A cloud of virtual machines that OpenSSH reaches: what differs from one cloud to the next. `MachineAdapter` makes a
/// provider's adapter of it, with records, waiting, pinned host keys, agents and leases.
///
/// A cloud repeats a call only where that is safe, never waits for capacity, and remembers nothing that its own API does not:
/// whoever calls may have died after any call, and asks again.
public protocol MachineCloud: Sendable {
    /// The provider's name in the catalog.
    var provider: String { get }

    /// Who OpenSSH logs in as where neither the machine nor a person's settings say it. Images that cloud-init sets up let in
    /// `MachineLogin.user`.
    var loginUser: String { get }

    /// The command that gives a machine back from within, where a person's settings name no other; nil where there is none.
    var usualPowerOff: String? { get }

    /// What can be told to be wrong with a request before anything is asked of the cloud.
    ///
    /// - Throws: `badRequest`, or `quota` where more is asked for than there can ever be.
    func check(_ request: NodeGroupRequest) throws(ProviderError)

    /// Asks for all machines of the order that are not there yet, and returns when the cloud has accepted that: they need not
    /// run. Repeated with the same order, by whomever and whatever has become of the last answer, it makes none twice.
    ///
    /// What is made carries `order.tags`. After an error some may have been made all the same: `machines(of:)` has them.
    func create(_ order: MachineOrder) async throws(ProviderError)

    /// The machines that were made under a token, by rank; those that have ended too, for as long as the cloud tells of them.
    func machines(of group: MachineGroupName) async throws(ProviderError) -> [CloudMachine]

    /// All machines with our tags that have not ended, in all regions: of one run, or of all.
    func machines(ofRun run: RunID?) async throws(ProviderError) -> [CloudMachine]

    /// Gives back the machines of a token with all that was made for them alone: disks, addresses, networks. It is asked again
    /// until it says that nothing is left, and asked of what never was, too.
    ///
    /// - Returns: false while something is still going.
    func remove(_ group: MachineGroupName) async throws(ProviderError) -> Bool

    /// The host keys that the cloud itself tells of, beside the way that the machine is reached by.
    func hostKeys(of machine: CloudMachine) async throws(ProviderError) -> HostKeys

    /// How the machine itself says that the cloud means to take it; nil where `machines(of:)` tells of that, or nobody does.
    func notice(of machine: CloudMachine) -> MachineNotice?

    /// Why machines of such a request cannot be stopped with their disks kept; nil where they can. Asks nobody.
    func obstacleToStopping(_ request: NodeGroupRequest) -> String?

    /// Stops the machines of a token. It is asked again until it says that none runs, and asked of those that are stopped, too.
    ///
    /// - Returns: false while one still runs.
    func stop(_ group: MachineGroupName) async throws(ProviderError) -> Bool

    /// Asks for the stopped machines of a token to run again, and returns when the cloud has accepted that. Of those that run
    /// already it asks nothing.
    ///
    /// - Throws: `noCapacity` where they cannot be had now.
    func start(_ group: MachineGroupName) async throws(ProviderError)
}

extension MachineCloud {
    public var loginUser: String { MachineLogin.user }

    public var usualPowerOff: String? { CloudSection.usualPowerOff }

    public func check(_ request: NodeGroupRequest) throws(ProviderError) {}

    public func hostKeys(of machine: CloudMachine) async throws(ProviderError) -> HostKeys { .neverTold }

    public func notice(of machine: CloudMachine) -> MachineNotice? { nil }

    public func obstacleToStopping(_ request: NodeGroupRequest) -> String? {
        "machines of \(provider) cannot be stopped"
    }

    public func stop(_ group: MachineGroupName) async throws(ProviderError) -> Bool {
        throw ProviderError(.badRequest, provider: provider, "machines of \(provider) cannot be stopped")
    }

    public func start(_ group: MachineGroupName) async throws(ProviderError) {
        throw ProviderError(.badRequest, provider: provider, "machines of \(provider) cannot be started again")
    }
}

/// What a cloud's machines are asked for by.
public struct MachineGroupName: Hashable, Sendable {
    public var token: String
    /// Nil where nothing is known here of the group: then it is looked for everywhere.
    public var region: String?
    public var zone: String?
    /// Nil, as the region is, where nothing is known here of the group.
    public var run: RunID?

    public init(token: String, region: String? = nil, zone: String? = nil, run: RunID? = nil) {
        self.token = token
        self.region = region
        self.zone = zone
        self.run = run
    }
}

/// What to make.
public struct MachineOrder: Hashable, Sendable {
    public var request: NodeGroupRequest
    /// The public key that is to get in, as a line of `authorized_keys`.
    public var publicKey: String
    /// A person's settings for the provider.
    public var settings: CloudSection

    public init(request: NodeGroupRequest, publicKey: String, settings: CloudSection) {
        self.request = request
        self.publicKey = publicKey
        self.settings = settings
    }

    /// The first boot's instructions, for images with cloud-init: who gets in, and nothing else.
    public var cloudInit: String { MachineLogin.cloudInit(publicKey: publicKey) }

    /// By what machines are found again. A cloud that allows other letters only has to keep these in another place.
    public func tags(rank: Int) -> [String: String] {
        var tags = request.labels
        tags[MachineTag.run] = "\(request.run)"
        tags[MachineTag.token] = request.token
        tags[MachineTag.rank] = String(rank)
        tags[MachineTag.nodes] = String(request.numNodes)
        tags["Name"] = tags["Name"] ?? "\(request.token)-\(rank)"
        return tags
    }
}

/// The names of our tags.
public enum MachineTag {
    public static let run = "sky-run"
    public static let token = "sky-token"
    public static let rank = "sky-rank"
    /// How many nodes the group has.
    public static let nodes = "sky-nodes"
}

/// One machine, as its cloud tells of it.
public struct CloudMachine: Hashable, Sendable, Codable {
    public enum State: String, Hashable, Sendable, Codable, CaseIterable {
        case pending, running
        /// On its way to its end, or to being stopped: nothing runs on it any more, and it may still cost money.
        case ending
        /// Nothing runs on it, its disk is kept, and it can be started again.
        case stopped
        case ended
    }

    /// The cloud's own name for it.
    public var id: String
    public var token: String
    public var run: RunID
    public var rank: Int
    /// Of its group.
    public var numNodes: Int
    public var state: State
    public var region: String
    public var zone: String?
    public var instanceType: String
    public var isSpot: Bool
    /// How it is reached from here, and from within its network; nil while it has none.
    public var publicAddress: String?
    public var privateAddress: String?
    /// Where its sshd is to be found from here; 22 when nil.
    public var sshPort: Int?
    /// Who gets in, where the machine says so itself.
    public var user: String?
    /// Where its ports are to be found from here, of clouds that lead them elsewhere.
    public var ports: [Int: Int]
    public var createdAt: Instant?
    /// When the cloud means to take it.
    public var interruptionAt: Instant?
    /// What the cloud says of how it is sealed off, of a confidential one: `ConfidentialVM, virtual TPM, secure boot`.
    public var assurance: String?
    /// Why it has ended or will, in the cloud's words.
    public var reason: String?
    /// The kind of failure that its end is, when it never ran: out of capacity, say.
    public var failure: ProviderError.Kind?

    public init(
        id: String, token: String, run: RunID, rank: Int, numNodes: Int, state: State, region: String,
        zone: String? = nil, instanceType: String, isSpot: Bool = false, publicAddress: String? = nil,
        privateAddress: String? = nil, sshPort: Int? = nil, user: String? = nil, ports: [Int: Int] = [:],
        createdAt: Instant? = nil, interruptionAt: Instant? = nil, reason: String? = nil,
        failure: ProviderError.Kind? = nil
    ) {
        self.id = id
        self.token = token
        self.run = run
        self.rank = rank
        self.numNodes = numNodes
        self.state = state
        self.region = region
        self.zone = zone
        self.instanceType = instanceType
        self.isSpot = isSpot
        self.publicAddress = publicAddress
        self.privateAddress = privateAddress
        self.sshPort = sshPort
        self.user = user
        self.ports = ports
        self.createdAt = createdAt
        self.interruptionAt = interruptionAt
        self.reason = reason
        self.failure = failure
    }
}

/// What a cloud says about the keys that a machine's sshd shows.
public enum HostKeys: Hashable, Sendable {
    /// Lines such as `ssh-ed25519 AAAA…`: only these are trusted.
    case told([String])
    /// The machine has not said them yet.
    case notYet
    /// This cloud never does: the first one that is seen is kept, and no other is trusted from then on.
    case neverTold
}

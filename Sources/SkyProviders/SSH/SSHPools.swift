public import SkyCore

/// What a person's `ssh.yaml` says: hosts of their own, in pools.
public struct SSHPools: Hashable, Sendable {
    public var pools: [SSHPool]

    public init(pools: [SSHPool] = []) { self.pools = pools }

    public func pool(named name: String) -> SSHPool? { pools.first { $0.name == name } }

    public var hosts: [SSHHost] { pools.flatMap(\.hosts) }
}

/// Hosts that a stage may ask for by one name: `infra: ssh/POOL`.
public struct SSHPool: Hashable, Sendable {
    public var name: String
    /// ISO 3166 code in capitals; nil where the file does not say.
    public var country: String?
    public var continent: String?
    /// For people: `Frankfurt`.
    public var place: String?
    /// How long a group waits for hosts that others have, before another place is tried; zero for not at all.
    public var queueLimit = TimeSpan.zero
    public var hosts: [SSHHost]

    public init(
        name: String, country: String? = nil, continent: String? = nil, place: String? = nil, hosts: [SSHHost] = []
    ) {
        self.name = name
        self.country = country
        self.continent = continent
        self.place = place
        self.hosts = hosts
    }
}

/// One machine, how OpenSSH reaches it, and what it has.
public struct SSHHost: Hashable, Sendable {
    public var pool: String
    /// Unique in its pool; also what OpenSSH is told where no address is given, so that an alias works.
    public var name: String
    public var address: String?
    /// How the other nodes of a gang reach it, where that is another address.
    public var peerAddress: String?
    public var user: String?
    public var port: Int?
    /// The path of an identity file.
    public var key: String?
    /// The path of a configuration that OpenSSH reads instead of the person's own.
    public var sshConfig: String?
    public var zone: String?
    public var shape: SSHShape
    /// The file of settings that names it, for people.
    public var settings = "ssh.yaml"
    /// Where the host keeps what Sky puts there, absolute; nil for `.sky-host` in the user's home.
    public var directory: String?
    /// Whose keys are trusted; nil for what OpenSSH trusts anyway.
    var trustedKeys: TrustedKeys?

    public init(pool: String, name: String, shape: SSHShape) {
        self.pool = pool
        self.name = name
        self.shape = shape
    }

    /// What OpenSSH is told to connect to.
    public var destination: String { address ?? name }

    /// For people, and as a node's id: `rack/node1`.
    public var title: String { "\(pool)/\(name)" }
}

/// The host keys of one machine that somebody has vouched for, and no other.
struct TrustedKeys: Hashable, Sendable {
    /// A file of the form of `known_hosts`.
    var file: String
    /// The machine's name in it: addresses come back with other machines.
    var alias: String
    /// Nobody has said them yet: the first that is seen goes into the file.
    var takesFirstSeen: Bool
}

/// What a host has, and what an hour of it costs: hosts of one shape are one offer.
public struct SSHShape: Hashable, Sendable {
    public var cores: Double
    public var memoryGiB: Double
    public var accelerator: AcceleratorCount?
    /// Sorted.
    public var capabilities: [String]
    public var pricePerHour: Money

    public init(
        cores: Double, memoryGiB: Double, accelerator: AcceleratorCount? = nil, capabilities: [String] = [],
        pricePerHour: Money = .zero
    ) {
        self.cores = cores
        self.memoryGiB = memoryGiB
        self.accelerator = accelerator
        self.capabilities = capabilities
        self.pricePerHour = pricePerHour
    }

    /// The machine type of the offer: `64c-512g`, `64c-512g-A100x8`.
    public var machineType: String {
        let parts = ["\(trimmed(cores))c", "\(trimmed(memoryGiB))g"]
        let cards = accelerator.map { ["\($0.name)x\(trimmed($0.count))"] } ?? []
        return (parts + cards + capabilities.filter { !$0.isEmpty }).joined(separator: "-")
    }
}

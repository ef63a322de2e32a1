import SkyCore
import SkyProcess

/// The adapters of all known providers, made once and shared: whoever talks to a provider talks to the same one.
public struct AdapterRegistry: Sendable {
    private let adapters: [String: any ProviderAdapter]

    /// What can be used and why not, by provider name. For `sky check`.
    public let availability: [ProviderAvailability]

    /// - Parameters:
    ///   - stateDirectory: the broker's; what adapters keep lives in `nodes` of it.
    ///   - agentExecutable: the path of `sky-agent`, for nodes on this machine.
    ///   - script: how providers misbehave; nil if they do not.
    ///   - pools: a person's own hosts, for providers whose adapter is `ssh`.
    ///   - clusters: those that a person may use, for providers whose adapter is `slurm`.
    ///   - environment: this process's.
    ///   - profiles: the providers that the catalog knows.
    public init(
        stateDirectory: String, agentExecutable: String, script: MockScript? = nil, pools: SSHPools = SSHPools(),
        clusters: SlurmClusters = SlurmClusters(), environment: [String: String] = [:], profiles: [AdapterProfile]
    ) {
        var adapters: [String: any ProviderAdapter] = [:]
        for profile in profiles where GroupFolder.isName(profile.name) {
            let adapter: any ProviderAdapter =
                switch profile.adapter {
                case "local":
                    LocalAdapter(
                        provider: profile.name, stateDirectory: stateDirectory, agentExecutable: agentExecutable)
                case "ssh":
                    SSHAdapter(
                        provider: profile.name, pools: pools, stateDirectory: stateDirectory,
                        agentExecutable: agentExecutable, environment: environment)
                case "slurm":
                    SlurmAdapter(
                        provider: profile.name, clusters: clusters, stateDirectory: stateDirectory,
                        agentExecutable: agentExecutable, environment: environment)
                default:
                    StandInAdapter(
                        provider: profile.name, stateDirectory: stateDirectory, agentExecutable: agentExecutable)
                }
            adapters[profile.name] = adapter
            if let script = script?.script(for: profile.name) {
                adapters[profile.name] = ScriptedAdapter(
                    base: adapter, script: script, stateFile: "\(stateDirectory)/nodes/\(profile.name)/.script.json")
            }
        }
        self.adapters = adapters
        let hasAgent = Files.exists(agentExecutable)
        availability = profiles.sorted { $0.name < $1.name }.map { profile in
            ProviderAvailability(
                profile, agentExecutable: hasAgent ? nil : agentExecutable, pools: pools, clusters: clusters,
                isScripted: script?.providers[profile.name] != nil)
        }
    }

    /// Names of all providers, sorted.
    public var providers: [String] { adapters.keys.sorted() }

    /// - Throws: `badRequest` when there is no such provider.
    public func adapter(for provider: String) throws(ProviderError) -> any ProviderAdapter {
        if let adapter = adapters[provider] { return adapter }
        let hint = nearestName(to: provider, among: providers).map { "; did you mean '\($0)'?" } ?? ""
        throw ProviderError(.badRequest, provider: provider, "there is no such provider\(hint)")
    }
}

/// What the registry has to know of a provider: from the catalog, and from the machine's environment.
public struct AdapterProfile: Hashable, Sendable {
    public var name: String
    /// For people: `Amazon Web Services`.
    public var displayName: String
    /// The API it speaks: `ec2`, `gce`, `local`, `mock`, ….
    public var adapter: String
    /// Any one of these says that an account is configured.
    public var credentials: [CredentialFinding]

    public init(name: String, displayName: String? = nil, adapter: String, credentials: [CredentialFinding] = []) {
        self.name = name
        self.displayName = displayName ?? name
        self.adapter = adapter
        self.credentials = credentials
    }
}

/// One place where credentials would be, and whether some are. Never what they are.
public struct CredentialFinding: Hashable, Sendable, Codable {
    /// `AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`, `~/.aws/credentials`.
    public var place: String
    public var isPresent: Bool

    public init(place: String, isPresent: Bool) {
        self.place = place
        self.isPresent = isPresent
    }

    /// Present when all of the variables are set and not empty.
    public init(variables: [String], environment: [String: String]) {
        place = variables.joined(separator: " and ")
        isPresent = !variables.isEmpty && variables.allSatisfy { environment[$0].map { !$0.isEmpty } ?? false }
    }

    /// Present when the file exists; a leading `~` is `home`.
    public init(file: String, home: String) {
        place = file
        isPresent = Files.exists(file.hasPrefix("~/") ? "\(home)/\(file.dropFirst(2))" : file)
    }
}

/// Whether and how a provider can be used.
public struct ProviderAvailability: Hashable, Sendable, Codable {
    public enum Status: String, Hashable, Sendable, Codable {
        /// The real thing.
        case usable
        /// Processes of this machine play its part.
        case standIn = "stand-in"
        case unusable
    }

    public var provider: String
    public var displayName: String
    public var status: Status
    /// Why it is so, in a sentence without a full stop.
    public var reason: String
    public var credentials: [CredentialFinding]

    init(
        _ profile: AdapterProfile, agentExecutable missing: String?, pools: SSHPools, clusters: SlurmClusters,
        isScripted: Bool
    ) {
        provider = profile.name
        displayName = profile.displayName
        credentials = profile.credentials
        status = ["local", "ssh", "slurm"].contains(profile.adapter) ? .usable : .standIn
        switch profile.adapter {
        case "local": reason = "this machine's own cores"
        case "ssh":
            let hosts = pools.hosts.count
            reason =
                hosts == 0
                ? "no hosts: name yours in ssh.yaml (docs/ssh.md)"
                : "hosts of your own: \(hosts) in \(pools.pools.count == 1 ? "pool" : "pools")"
                    + " \(pools.pools.map(\.name).joined(separator: ", "))"
            if hosts == 0 { status = .unusable }
        case "slurm":
            let names = clusters.clusters.map(\.name)
            reason =
                names.isEmpty
                ? "no clusters: name yours in slurm.yaml (docs/slurm.md)"
                : "\(names.count == 1 ? "cluster" : "clusters") \(names.joined(separator: ", "))"
            if names.isEmpty { status = .unusable }
        case "mock": reason = "for tests; nodes are processes of this machine"
        default:
            reason =
                "no adapter for the real cloud in this version; nodes are processes of this machine,"
                + " prices are \(profile.name)'s"
            if let found = profile.credentials.first(where: \.isPresent) {
                reason += "; the credentials in \(found.place) are not used"
            }
        }
        if isScripted { reason += "; misbehaves as the script says" }
        if let missing {
            status = .unusable
            reason = "there is no program \(missing) to run nodes with"
        }
        if !GroupFolder.isName(profile.name) {
            status = .unusable
            reason = "'\(profile.name)' cannot be a provider's name"
        }
    }
}

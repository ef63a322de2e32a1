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
    ///   - kubernetes: the clusters that a person may use, for providers whose adapter is `kubernetes`.
    ///   - clouds: which clouds are rented from for real; nil for none.
    ///   - environment: this process's.
    ///   - profiles: the providers that the catalog knows.
    public init(
        stateDirectory: String, agentExecutable: String, script: MockScript? = nil, pools: SSHPools = SSHPools(),
        clusters: SlurmClusters = SlurmClusters(), kubernetes: KubernetesClusters = KubernetesClusters(),
        clouds: CloudAccess? = nil, environment: [String: String] = [:],
        profiles: [AdapterProfile]
    ) {
        let maker = AdapterMaker(
            stateDirectory: stateDirectory, agentExecutable: agentExecutable, pools: pools, clusters: clusters,
            kubernetes: kubernetes, clouds: clouds, environment: environment)
        var adapters: [String: any ProviderAdapter] = [:]
        var availability: [ProviderAvailability] = []
        for profile in profiles {
            var (adapter, found) = maker.make(profile)
            if GroupFolder.isName(profile.name), let script = script?.script(for: profile.name) {
                adapter = ScriptedAdapter(
                    base: adapter, script: script, stateFile: "\(stateDirectory)/nodes/\(profile.name)/.script.json")
                found.reason += "; misbehaves as the script says"
            }
            if GroupFolder.isName(profile.name) { adapters[profile.name] = adapter }
            availability.append(found)
        }
        self.adapters = adapters
        self.availability = availability.sorted { $0.provider < $1.provider }
    }

    /// Names of all providers, sorted.
    public var providers: [String] { adapters.keys.sorted() }

    /// Whether a provider's nodes are other machines than this.
    public func isElsewhere(_ provider: String) -> Bool { adapters[provider].map { !$0.nodesAreHere } ?? false }

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

    init(_ profile: AdapterProfile, _ status: Status, _ reason: String) {
        provider = profile.name
        displayName = profile.displayName
        credentials = profile.credentials
        self.status = status
        self.reason = reason
    }
}

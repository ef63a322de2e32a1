public import SkyCore
public import SkySpec

/// One node of the gang of a stage with an engine.
public struct EngineNode: Hashable, Sendable {
    /// 0…`addresses.count` - 1.
    public var rank: Int
    /// Of all nodes, by rank.
    public var addresses: [String]
    public var acceleratorsPerNode: Int
    /// The engine's own folder on the node, absolute.
    public var folder: String
    /// What all processes of the job may have together; nil: all that the node has.
    public var memoryLimit: DataSize?
    /// Variables of the broker's own machine that say how to get at packages, where the node is on it: `installNames` of them
    /// are used, for installing alone.
    public var installVariables: [String: String]
    /// What all nodes of the attempt know and nobody else does, letters and digits.
    public var secret: String

    public init(
        rank: Int, addresses: [String], acceleratorsPerNode: Int = 0, folder: String, memoryLimit: DataSize? = nil,
        installVariables: [String: String] = [:], secret: String
    ) {
        self.rank = rank
        self.addresses = addresses
        self.acceleratorsPerNode = acceleratorsPerNode
        self.folder = folder
        self.memoryLimit = memoryLimit
        self.installVariables = installVariables
        self.secret = secret
    }
}

/// What a node of a stage with an engine runs, in the place of the stage's command. An ordinary job: its agent knows
/// nothing of engines. Pure: the same facts give the same job.
public struct EngineJob: Hashable, Sendable {
    /// For `/bin/sh`.
    public var run: String
    /// Beside those of every job.
    public var variables: [String: String]
    /// More of them, whose values are nobody's business.
    public var secrets: [String: String] = [:]

    public init(of engine: StageEngine, command: String, on node: EngineNode) {
        variables = ["SKY_ENGINE": engine.name.rawValue, "SKY_ENGINE_DIR": node.folder]
        if engine.name.isCluster {
            run = ClusterScript(engine: engine, command: command, memoryLimit: node.memoryLimit).text
            secrets["SKY_ENGINE_SECRET"] = node.secret
            for name in Self.installNames {
                if let value = node.installVariables[name] { secrets["SKY_INSTALL_\(name)"] = value }
            }
        } else {
            let gang = GangVariables(engine: engine, node: node)
            run = gang.preparation + command
            variables.merge(gang.variables) { _, own in own }
        }
    }

    /// What pip and what it uses look for.
    static let installNames =
        [
            "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CERT", "PIP_CONFIG_FILE",
            "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
        ] + ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap { [$0, $0.lowercased()] }

    /// All variables of the job: what the stage says itself wins, but for whose engine it is.
    public func variables(over stages: [String: String]) -> [String: String] {
        let own = variables.filter { $0.key.hasPrefix("SKY_") }
        return variables.merging(stages) { _, theirs in theirs }.merging(own) { _, ours in ours }
    }
}

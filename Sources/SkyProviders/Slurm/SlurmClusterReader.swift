public import SkyCore
import SkyYAML

extension SlurmClusters {
    /// Reads `slurm.yaml`; no clusters where there is no such file.
    ///
    /// - Parameter home: what a leading `~` in a path stands for.
    /// - Throws: everything wrong with the file, with its place.
    public static func read(_ path: String, home: String) throws(DiagnosticsError) -> SlurmClusters {
        try SlurmClusterReader.settings(at: path, home: home) ?? SlurmClusters()
    }
}

/// Reads a `slurm.yaml`, and reports everything wrong with it at once.
struct SlurmClusterReader: SettingsReader {
    static let code = "slurm"
    let path: String
    let home: String
    var diagnostics: [Diagnostic] = []

    init(path: String, home: String) {
        self.path = path
        self.home = home
    }

    private static let ofTerms = ["account", "qos", "time", "price", "cpu_price"]
    private static let ofLogin = ["address", "user", "port", "key", "ssh_config"]
    private static let ofCluster =
        ["host"] + ofLogin + ["partitions"] + ofTerms + [
            "accelerators", "queue", "directory", "scratch", "slurm_conf", "commands", "country", "continent", "place",
        ]
    /// What other tools call these.
    static let otherNames = [
        "identity_file": "key", "login": "host", "hostname": "address", "username": "user", "config": "ssh_config",
        "partition": "partitions", "queues": "partitions", "walltime": "time", "time_limit": "time",
        "gres": "accelerators",
        "gpus": "accelerators", "price_per_hour": "price", "price_per_cpu": "cpu_price", "wait": "queue",
        "workdir": "scratch", "tmp": "scratch", "path": "commands",
    ]

    mutating func read(_ bytes: [UInt8]) -> SlurmClusters {
        let parsed = YAML.parse(bytes: bytes, path: path)
        diagnostics += parsed.diagnostics
        guard let root = parsed.documents.first, !root.isNull else { return SlurmClusters() }
        let entries = mapping(root, known: ["clusters"], what: "the file")
        guard let clusters = entries.first(where: { $0.key == "clusters" }) else {
            if root.mapping != nil {
                complain(
                    root, "missing-field", "the field 'clusters' is missing", expected: "clusters: {hpc: {host: …}}")
            }
            return SlurmClusters()
        }
        return SlurmClusters(clusters: mapping(clusters.value, what: "clusters").compactMap { cluster($0) })
    }

    private mutating func cluster(_ entry: YAMLNode.Entry) -> SlurmCluster? {
        let node = entry.value
        guard GroupFolder.isName(entry.key) else {
            complain(
                at: entry.keyRange, "bad-name", "'\(entry.key)' cannot be a cluster's name",
                expected: "letters, digits, '-', '_' and '.'")
            return nil
        }
        var cluster = SlurmCluster(name: entry.key)
        // Everything may be left out: then it is this machine's own cluster.
        guard !node.isNull else { return cluster }
        _ = mapping(node, known: Self.ofCluster, what: "a cluster")
        guard node.mapping != nil else { return nil }
        cluster.country = text(node["country"], "country")
        if let country = cluster.country, country.count != 2 || country != country.uppercased() {
            complain(
                node["country"], "bad-value", "'\(country)' is no country", expected: "an ISO 3166 code such as DE")
        }
        cluster.continent = text(node["continent"], "continent")
        cluster.place = text(node["place"], "place")
        cluster.login = login(node, in: entry.key)
        cluster.terms = terms(node)
        cluster.partitions = partitions(node["partitions"])
        cluster.accelerators = accelerators(node["accelerators"])
        cluster.queueLimit = queueLimit(node["queue"], of: "a job")
        cluster.directory = shellPath(node["directory"], "directory")
        cluster.scratch = shellPath(node["scratch"], "scratch") ?? cluster.scratch
        cluster.configuration = shellPath(node["slurm_conf"], "slurm_conf")
        cluster.commands = shellPath(node["commands"], "commands")
        return cluster
    }

    /// Nil where Slurm's commands run on this machine.
    private mutating func login(_ node: YAMLNode, in cluster: String) -> SSHHost? {
        guard let given = node["host"] else {
            for name in Self.ofLogin {
                guard let field = node[name] else { continue }
                complain(
                    field, "missing-field", "'\(name)' says how to reach a login host, and there is no 'host'",
                    expected: "host: login1")
            }
            return nil
        }
        let name = address(given, "host")
        var host = SSHHost(pool: cluster, name: name ?? "", shape: SSHShape(cores: 0, memoryGiB: 0))
        host.settings = "slurm.yaml"
        host.address = address(node["address"], "address")
        host.user = address(node["user"], "user")
        host.port = port(node["port"])
        host.key = filePath(node["key"], "key")
        host.sshConfig = filePath(node["ssh_config"], "ssh_config")
        return name == nil ? nil : host
    }

    private mutating func partitions(_ node: YAMLNode?) -> [SlurmPartitionTerms] {
        guard let node else { return [] }
        guard let elements = list(node, "partitions") else { return [] }
        if elements.isEmpty {
            complain(node, "bad-value", "no partition is named", expected: "[gpu, cpu], or nothing for all of them")
        }
        var seen: Set<String> = []
        return elements.compactMap { element in
            var found: SlurmPartitionTerms?
            if element.mapping == nil {
                found = word(element, "a partition").map { SlurmPartitionTerms(name: $0) }
            } else {
                _ = mapping(element, known: ["name"] + Self.ofTerms, what: "a partition")
                if element["name"] == nil {
                    complain(element, "missing-field", "the partition has no name", expected: "name: gpu")
                }
                found = word(element["name"], "a partition").map {
                    SlurmPartitionTerms(name: $0, terms: terms(element))
                }
            }
            guard let partition = found else { return nil }
            if seen.insert(partition.name).inserted { return partition }
            complain(
                element["name"] ?? element, "duplicate-partition", "partition '\(partition.name)' is already named here"
            )
            return nil
        }
    }

    private mutating func terms(_ node: YAMLNode) -> SlurmTerms {
        var terms = SlurmTerms()
        terms.account = word(node["account"], "an account")
        terms.qos = word(node["qos"], "a QOS")
        terms.time = time(node["time"])
        terms.pricePerHour = price(node["price"], of: "one node")
        terms.pricePerCPUHour = price(node["cpu_price"], of: "one CPU")
        return terms
    }

    private mutating func accelerators(_ node: YAMLNode?) -> [String: String] {
        guard let node else { return [:] }
        var names: [String: String] = [:]
        for entry in mapping(node, what: "accelerators") {
            if let name = word(entry.value, "an accelerator") { names[entry.key] = name }
        }
        return names
    }
}

// MARK: Values

extension SlurmClusterReader {
    private mutating func time(_ node: YAMLNode?) -> TimeSpan? {
        guard let node else { return nil }
        if let span = node.scalar.flatMap({ TimeSpan($0) }), span >= .seconds(60) { return span }
        complain(node, "bad-time", "not a wall time", expected: "a time of a minute or more, such as 4h or 2d")
        return nil
    }

    /// What Slurm's commands are given as a name: nothing that they could take for more.
    private mutating func word(_ node: YAMLNode?, _ what: String) -> String? {
        guard let node, let text = text(node, what) else { return nil }
        let isSound = text.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_.+@".unicodeScalars.contains($0)
        }
        if isSound, !text.hasPrefix("-") { return text }
        complain(
            node, "bad-name", "'\(text)' cannot be \(what)",
            expected: "a name of letters, digits, '-', '_', '.', '+' and '@'")
        return nil
    }

    /// A path elsewhere, with variables of the shell there: `/scratch/$USER`.
    private mutating func shellPath(_ node: YAMLNode?, _ what: String) -> String? {
        guard let node, let text = text(node, what) else { return nil }
        let isSound = text.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_.+/${}~".unicodeScalars.contains($0)
        }
        if isSound, text.hasPrefix("/") || text.hasPrefix("$") { return text }
        if isSound, text.hasPrefix("~/") { return "$HOME\(text.dropFirst())" }
        complain(
            node, "bad-path", "\(what) '\(text)' is no full path", expected: "from / or ~/ on, such as /scratch/$USER")
        return nil
    }
}

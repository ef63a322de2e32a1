public import SkyCore
import SkyYAML

extension SSHPools {
    /// Reads `ssh.yaml`; no pools where there is no such file.
    ///
    /// - Parameter home: what a leading `~` in a path stands for.
    /// - Throws: everything wrong with the file, with its place.
    public static func read(_ path: String, home: String) throws(DiagnosticsError) -> SSHPools {
        try SSHPoolReader.settings(at: path, home: home) ?? SSHPools()
    }
}

/// Reads an `ssh.yaml`, and reports everything wrong with it at once.
struct SSHPoolReader: SettingsReader {
    static let code = "ssh"
    let path: String
    let home: String
    var diagnostics: [Diagnostic] = []

    init(path: String, home: String) {
        self.path = path
        self.home = home
    }

    /// What a host may say, and its pool for all of its hosts.
    private static let ofHost = [
        "user", "port", "key", "ssh_config", "cores", "memory", "accelerators", "capabilities", "price", "zone",
        "directory",
    ]
    private static let ofPool = ["country", "continent", "place", "hosts", "queue"] + ofHost
    private static let ofOneHost = ["name", "address", "peer_address"] + ofHost
    /// What other tools call these.
    static let otherNames = [
        "identity_file": "key", "ip": "address", "hostname": "address", "host": "address", "cpus": "cores",
        "memory_gib": "memory", "accelerator": "accelerators", "gpus": "accelerators", "price_per_hour": "price",
        "username": "user", "config": "ssh_config", "wait": "queue",
    ]

    mutating func read(_ bytes: [UInt8]) -> SSHPools {
        let parsed = YAML.parse(bytes: bytes, path: path)
        diagnostics += parsed.diagnostics
        guard let root = parsed.documents.first, !root.isNull else { return SSHPools() }
        let entries = mapping(root, known: ["ssh_config", "pools"], what: "the file")
        let config = filePath(root["ssh_config"], "ssh_config")
        guard let pools = entries.first(where: { $0.key == "pools" }) else {
            if root.mapping != nil {
                complain(root, "missing-field", "the field 'pools' is missing", expected: "pools: {rack: {hosts: […]}}")
            }
            return SSHPools()
        }
        return SSHPools(pools: mapping(pools.value, what: "pools").compactMap { pool($0, config) })
    }

    private mutating func pool(_ entry: YAMLNode.Entry, _ config: String?) -> SSHPool? {
        let node = entry.value
        guard GroupFolder.isName(entry.key) else {
            complain(
                at: entry.keyRange, "bad-name", "'\(entry.key)' cannot be a pool's name",
                expected: "letters, digits, '-', '_' and '.'")
            return nil
        }
        guard !mapping(node, known: Self.ofPool, what: "a pool").isEmpty else {
            if node.mapping != nil { complain(node, "missing-field", "pool '\(entry.key)' has no hosts") }
            return nil
        }
        var pool = SSHPool(name: entry.key)
        pool.country = text(node["country"], "country")
        if let country = pool.country, country.count != 2 || country != country.uppercased() {
            complain(
                node["country"], "bad-value", "'\(country)' is no country", expected: "an ISO 3166 code such as DE")
        }
        pool.continent = text(node["continent"], "continent")
        pool.place = text(node["place"], "place")
        pool.queueLimit = queueLimit(node["queue"], of: "a stage", mayBeNone: true)
        guard let hosts = node["hosts"], let elements = list(hosts, "hosts"), !elements.isEmpty else {
            complain(
                node["hosts"] ?? node, "missing-field", "pool '\(entry.key)' has no hosts",
                expected: "hosts: [node1, {name: node2, address: 10.0.0.2}]")
            return nil
        }
        let common = facts(of: node)
        var seen: Set<String> = []
        for element in elements {
            guard var host = host(element, in: pool.name, common) else { continue }
            host.sshConfig = host.sshConfig ?? config
            if seen.insert(host.name).inserted {
                pool.hosts.append(host)
            } else {
                complain(element["name"] ?? element, "duplicate-host", "host '\(host.name)' is already in this pool")
            }
        }
        return pool
    }

    /// What a mapping says of a host: all of it may be left out.
    private struct Facts {
        /// The names of the fields that are there, right or wrong.
        var given: Set<String> = []
        var user: String?
        var port: Int?
        var key: String?
        var config: String?
        var zone: String?
        var directory: String?
        var cores: Double?
        var memory: Double?
        var accelerator: AcceleratorCount?
        var capabilities: [String]?
        var price: Money?
    }

    private mutating func host(_ node: YAMLNode, in pool: String, _ common: Facts) -> SSHHost? {
        guard node.scalar == nil else {
            guard let name = address(node, "a host") else { return nil }
            return host(name, node, in: pool, common, Facts())
        }
        guard !mapping(node, known: Self.ofOneHost, what: "a host").isEmpty else { return nil }
        guard let name = address(node["name"] ?? node["address"], "name") else {
            if node["name"] == nil, node["address"] == nil {
                complain(node, "missing-field", "the host has neither name nor address", expected: "name: node1")
            }
            return nil
        }
        guard var host = host(name, node, in: pool, common, facts(of: node)) else { return nil }
        host.address = address(node["address"], "address")
        host.peerAddress = address(node["peer_address"], "peer_address")
        return host
    }

    private mutating func host(
        _ name: String, _ node: YAMLNode, in pool: String, _ common: Facts, _ own: Facts
    ) -> SSHHost? {
        guard let cores = own.cores ?? common.cores, let memory = own.memory ?? common.memory else {
            // What is there and wrong was complained about where it stands.
            let missing = ["cores", "memory"].filter { !own.given.union(common.given).contains($0) }.map { "'\($0)'" }
            if !missing.isEmpty {
                complain(
                    node, "missing-field", "nothing says \(missing.joined(separator: " and ")) of host '\(name)'",
                    expected: "cores: 64 and memory: 512 (GiB), here or in its pool")
            }
            return nil
        }
        let shape = SSHShape(
            cores: cores, memoryGiB: memory, accelerator: own.accelerator ?? common.accelerator,
            capabilities: (own.capabilities ?? common.capabilities ?? []).sorted(),
            pricePerHour: own.price ?? common.price ?? .zero)
        var host = SSHHost(pool: pool, name: name, shape: shape)
        host.user = own.user ?? common.user
        host.port = own.port ?? common.port
        host.key = own.key ?? common.key
        host.sshConfig = own.config ?? common.config
        host.zone = own.zone ?? common.zone
        host.directory = own.directory ?? common.directory
        return host
    }

    private mutating func facts(of node: YAMLNode) -> Facts {
        var facts = Facts()
        facts.given = Set((node.mapping ?? []).map(\.key))
        facts.user = address(node["user"], "user")
        facts.port = port(node["port"])
        facts.key = filePath(node["key"], "key")
        facts.config = filePath(node["ssh_config"], "ssh_config")
        facts.zone = text(node["zone"], "zone")
        facts.cores = cores(node["cores"])
        facts.memory = memory(node["memory"])
        facts.accelerator = accelerator(node["accelerators"])
        facts.price = price(node["price"])
        if let capabilities = node["capabilities"], let elements = list(capabilities, "capabilities") {
            facts.capabilities = elements.compactMap { text($0, "capabilities") }
        }
        if let directory = node["directory"], let path = text(directory, "directory") {
            let isPlain = path.hasPrefix("/") && !path.contains { "'\"\\\n".contains($0) }
            facts.directory = isPlain ? path : nil
            if !isPlain {
                complain(directory, "bad-value", "'\(path)' is no place on the host", expected: "a path from / on")
            }
        }
        return facts
    }
}

// MARK: Values

extension SSHPoolReader {
    private mutating func cores(_ node: YAMLNode?) -> Double? {
        guard let node else { return nil }
        if let number = node.number, number > 0 { return number }
        complain(node, "bad-number", "not a number of cores", expected: "a positive number such as 64")
        return nil
    }

    private mutating func memory(_ node: YAMLNode?) -> Double? {
        guard let node else { return nil }
        if let number = node.number, number > 0 { return number }
        if let size = node.scalar.flatMap({ DataSize($0) }), size > .zero { return Double(size.bytes) / 1_073_741_824 }
        complain(node, "bad-number", "not a size of memory", expected: "GiB such as 512, or a size such as 512GiB")
        return nil
    }

    private mutating func accelerator(_ node: YAMLNode?) -> AcceleratorCount? {
        guard let node else { return nil }
        let parts = (node.scalar ?? "").split(separator: ":", omittingEmptySubsequences: false)
        if (1...2).contains(parts.count), let name = parts.first, !name.isEmpty,
            let count = parts.count == 1 ? 1 : Double(parts[1]), count > 0, count.isFinite
        {
            return AcceleratorCount(name: String(name), count: count)
        }
        complain(node, "bad-accelerator", "not an accelerator", expected: "name:count such as A100:8")
        return nil
    }
}

public import SkyCore
import SkyYAML

extension KubernetesClusters {
    /// Reads `kubernetes.yaml`; no clusters where there is no such file.
    ///
    /// - Parameter home: what a leading `~` in a path stands for.
    /// - Throws: everything wrong with the file, with its place.
    public static func read(_ path: String, home: String) throws(DiagnosticsError) -> KubernetesClusters {
        try KubernetesClusterReader.settings(at: path, home: home) ?? KubernetesClusters()
    }
}

/// Reads a `kubernetes.yaml`, and reports everything wrong with it at once.
struct KubernetesClusterReader: SettingsReader {
    static let code = "kubernetes"
    let path: String
    let home: String
    var diagnostics: [Diagnostic] = []

    init(path: String, home: String) {
        self.path = path
        self.home = home
    }

    private static let ofCluster = [
        "context", "kubeconfig", "namespace", "image", "image_pull_secrets", "service_account", "priority_class",
        "runtime_class", "node_selector", "tolerations", "accelerators", "price", "cpu_price", "accelerator_price",
        "queue", "directory", "country", "continent", "place",
    ]
    /// What other tools call these.
    static let otherNames = [
        "contexts": "clusters", "allowed_contexts": "clusters", "imagePullSecrets": "image_pull_secrets",
        "serviceAccountName": "service_account", "serviceAccount": "service_account",
        "priorityClassName": "priority_class", "runtimeClassName": "runtime_class", "nodeSelector": "node_selector",
        "remote_identity": "service_account", "provision_timeout": "queue", "wait": "queue", "gpus": "accelerators",
        "price_per_hour": "price", "gpu_price": "accelerator_price", "price_per_cpu": "cpu_price", "image_id": "image",
    ]

    mutating func read(_ bytes: [UInt8]) -> KubernetesClusters {
        let parsed = YAML.parse(bytes: bytes, path: path)
        diagnostics += parsed.diagnostics
        guard let root = parsed.documents.first, !root.isNull else { return KubernetesClusters() }
        let entries = mapping(root, known: ["clusters"], what: "the file")
        guard let clusters = entries.first(where: { $0.key == "clusters" }) else {
            if root.mapping != nil {
                complain(
                    root, "missing-field", "the field 'clusters' is missing",
                    expected: "clusters: {prod: {context: …}}")
            }
            return KubernetesClusters()
        }
        return KubernetesClusters(clusters: mapping(clusters.value, what: "clusters").compactMap { cluster($0) })
    }

    private mutating func cluster(_ entry: YAMLNode.Entry) -> KubernetesCluster? {
        let node = entry.value
        guard !entry.key.isEmpty, !entry.key.contains(where: \.isWhitespace) else {
            complain(at: entry.keyRange, "bad-name", "'\(entry.key)' cannot be a cluster's name", expected: "one word")
            return nil
        }
        var cluster = KubernetesCluster(name: entry.key)
        // Everything may be left out: then the context is called so.
        guard !node.isNull else { return cluster }
        _ = mapping(node, known: Self.ofCluster, what: "a cluster")
        guard node.mapping != nil else { return nil }
        cluster.context = text(node["context"], "context") ?? entry.key
        cluster.kubeconfig = filePath(node["kubeconfig"], "kubeconfig")
        cluster.namespace = name(node["namespace"], "a namespace")
        cluster.country = text(node["country"], "country")
        if let country = cluster.country, country.count != 2 || country != country.uppercased() {
            complain(
                node["country"], "bad-value", "'\(country)' is no country", expected: "an ISO 3166 code such as DE")
        }
        cluster.continent = text(node["continent"], "continent")
        cluster.place = text(node["place"], "place")
        readPods(node, &cluster)
        cluster.accelerators = texts(node["accelerators"], "accelerators")
        cluster.pricePerHour = price(node["price"], of: "one node")
        cluster.pricePerCPUHour = price(node["cpu_price"], of: "one CPU")
        cluster.pricePerAcceleratorHour = price(node["accelerator_price"], of: "one accelerator")
        if node["queue"] != nil {
            cluster.queueLimit = queueLimit(node["queue"], of: "a group of pods", mayBeNone: true)
        }
        return cluster
    }

    private mutating func readPods(_ node: YAMLNode, _ cluster: inout KubernetesCluster) {
        cluster.image = text(node["image"], "image") ?? cluster.image
        cluster.imagePullSecrets = names(node["image_pull_secrets"], "a secret")
        cluster.serviceAccount = name(node["service_account"], "a service account")
        cluster.priorityClass = name(node["priority_class"], "a priority class")
        cluster.runtimeClass = name(node["runtime_class"], "a runtime class")
        cluster.nodeSelector = texts(node["node_selector"], "node_selector")
        cluster.tolerations = (node["tolerations"].flatMap { list($0, "tolerations") } ?? []).compactMap {
            text($0, "a taint's key")
        }
        guard let directory = node["directory"], let path = text(directory, "directory") else { return }
        let isSound = path.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_.+/${}".unicodeScalars.contains($0)
        }
        if isSound, path.hasPrefix("/") || path.hasPrefix("$") {
            cluster.directory = path
        } else {
            complain(
                directory, "bad-path", "directory '\(path)' is no full path", expected: "from / on, such as /scratch")
        }
    }

    private mutating func texts(_ node: YAMLNode?, _ what: String) -> [String: String] {
        guard let node else { return [:] }
        var all: [String: String] = [:]
        for entry in mapping(node, what: what) { all[entry.key] = text(entry.value, "'\(entry.key)'") }
        return all
    }

    private mutating func names(_ node: YAMLNode?, _ what: String) -> [String] {
        guard let node else { return [] }
        return (list(node, "\(what)s") ?? []).compactMap { name($0, what) }
    }

    /// As Kubernetes lets its objects be called.
    private mutating func name(_ node: YAMLNode?, _ what: String) -> String? {
        guard let node, let text = text(node, what) else { return nil }
        let isSound = text.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x2e
        }
        if isSound, text.count <= 253, !text.hasPrefix("-"), !text.hasSuffix("-") { return text }
        complain(
            node, "bad-name", "'\(text)' cannot be \(what)", expected: "lower case letters, digits, '-' and '.'")
        return nil
    }
}

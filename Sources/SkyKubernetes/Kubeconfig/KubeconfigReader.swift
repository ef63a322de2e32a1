import SkyCore
import SkyProcess
import SkyYAML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Kubeconfig {
    /// Reads those of the files that are there.
    ///
    /// - Throws: `settings`, when one of them makes no sense.
    public static func read(_ paths: [String]) throws(KubernetesError) -> Kubeconfig {
        var all = Kubeconfig()
        for path in paths {
            let bytes: [UInt8]?
            do { bytes = try Files.read(path) } catch {
                throw KubernetesError(.settings, "\(path) cannot be read: \(error)")
            }
            if let bytes { all.merge(try KubeconfigReader(path: path).read(bytes)) }
        }
        return all
    }
}

/// Reads one kubeconfig. What it does not know it passes over, as kubectl does.
struct KubeconfigReader {
    let path: String

    func read(_ bytes: [UInt8]) throws(KubernetesError) -> Kubeconfig {
        let parsed = YAML.parse(bytes: bytes, path: path)
        if let first = parsed.diagnostics.first { throw problem(first.message) }
        var config = Kubeconfig()
        config.paths = [path]
        guard let root = parsed.documents.first, !root.isNull else { return config }
        guard root.mapping != nil else { throw problem("it is no kubeconfig") }
        for (name, node) in try entries(root["clusters"], "cluster") { config.clusters[name] = try cluster(node, name) }
        for (name, node) in try entries(root["users"], "user") { config.users[name] = try user(node, name) }
        for (name, node) in try entries(root["contexts"], "context") {
            config.contexts[name] = Kubeconfig.Context(
                cluster: text(node["cluster"]) ?? "", user: text(node["user"]) ?? "", namespace: text(node["namespace"])
            )
        }
        config.currentContext = text(root["current-context"])
        return config
    }

    /// `[{name: a, cluster: {…}}, …]`; the first of a name counts.
    private func entries(_ list: YAMLNode?, _ field: String) throws(KubernetesError) -> [(String, YAMLNode)] {
        guard let list, !list.isNull else { return [] }
        guard let elements = list.sequence else { throw problem("'\(field)s' is no list") }
        var seen: Set<String> = []
        var found: [(String, YAMLNode)] = []
        for element in elements {
            guard let name = text(element["name"]), let node = element[field] else { continue }
            if seen.insert(name).inserted { found.append((name, node)) }
        }
        return found
    }

    private func cluster(_ node: YAMLNode, _ name: String) throws(KubernetesError) -> Kubeconfig.Cluster {
        var cluster = Kubeconfig.Cluster(server: text(node["server"]) ?? "")
        cluster.authorities = try bytes(node, "certificate-authority-data", of: "cluster '\(name)'")
        cluster.authoritiesFile = filePath(node["certificate-authority"])
        cluster.isInsecure = node["insecure-skip-tls-verify"]?.boolean == true
        cluster.serverName = text(node["tls-server-name"])
        cluster.proxy = text(node["proxy-url"])
        return cluster
    }

    private func user(_ node: YAMLNode, _ name: String) throws(KubernetesError) -> Kubeconfig.User {
        var user = Kubeconfig.User()
        let owner = "user '\(name)'"
        user.certificate = try bytes(node, "client-certificate-data", of: owner)
        user.certificateFile = filePath(node["client-certificate"])
        user.key = try bytes(node, "client-key-data", of: owner).map { Secret(String(decoding: $0, as: UTF8.self)) }
        user.keyFile = filePath(node["client-key"])
        user.token = text(node["token"]).map { Secret($0) }
        user.tokenFile = filePath(node["tokenFile"])
        if let exec = node["exec"], !exec.isNull { user.plugin = try plugin(exec, owner) }
        if node["username"] != nil || node["password"] != nil { user.unknownWay = "a password" }
        if let provider = node["auth-provider"], !provider.isNull {
            user.unknownWay = "the auth provider '\(text(provider["name"]) ?? "")'"
        }
        if let other = text(node["as"]) { user.unknownWay = "acting as '\(other)'" }
        return user
    }

    private func plugin(_ node: YAMLNode, _ owner: String) throws(KubernetesError) -> ExecPlugin {
        guard let command = text(node["command"]) else { throw problem("\(owner): 'exec' names no command") }
        let version = text(node["apiVersion"]) ?? ""
        guard ExecPlugin.versions.contains(version) else {
            throw problem(
                "\(owner): '\(command)' speaks \(version), and \(ExecPlugin.versions.joined(separator: " or ")) is what is known. A newer version of the program, or of the tool that wrote the file, speaks that"
            )
        }
        let isRelative = command.contains("/") && !command.hasPrefix("/")
        return ExecPlugin(
            command: isRelative ? "\(folder)/\(command)" : command,
            arguments: (node["args"]?.sequence ?? []).compactMap(\.scalar),
            variables: (node["env"]?.sequence ?? []).compactMap { entry in
                text(entry["name"]).map { .init(name: $0, value: Secret(entry["value"]?.scalar ?? "")) }
            }, version: version, wantsCluster: node["provideClusterInfo"]?.boolean == true,
            isAlwaysInteractive: text(node["interactiveMode"]) == "Always", hint: text(node["installHint"]))
    }

    // MARK: Values

    private var folder: String { Files.parent(of: path) }

    private func text(_ node: YAMLNode?) -> String? {
        guard let node, !node.isNull, let text = node.scalar, !text.isEmpty else { return nil }
        return text
    }

    /// From the folder of the file, as kubectl has it.
    private func filePath(_ node: YAMLNode?) -> String? {
        text(node).map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
    }

    /// Of a field in Base64. What it says is never shown.
    private func bytes(_ node: YAMLNode, _ field: String, of owner: String) throws(KubernetesError) -> [UInt8]? {
        guard let text = text(node[field]) else { return nil }
        guard let data = Data(base64Encoded: text.filter { !$0.isWhitespace }) else {
            throw problem("\(owner): '\(field)' is not in Base64")
        }
        return Array(data)
    }

    private func problem(_ words: String) -> KubernetesError { KubernetesError(.settings, "\(path): \(words)") }
}

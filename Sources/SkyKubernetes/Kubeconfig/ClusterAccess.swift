import Glibc
public import SkyCore
public import SkyHTTP
import SkyProcess

/// How one cluster is reached and who we are there.
public struct ClusterAccess: Hashable, Sendable {
    /// Who we are, as far as that is not a certificate.
    public enum Credentials: Hashable, Sendable {
        /// The certificate of the route, or nobody.
        case none
        case token(Secret)
        /// Read anew for each use: whoever renews tokens writes them there.
        case tokenFile(String)
        case plugin(ExecPlugin)
    }

    /// The context's name, for people.
    public var title: String
    /// `https://host:6443`, without a slash at its end.
    public var server: String
    public var route: HTTPRoute
    public var credentials: Credentials
    /// The namespace that the context names.
    public var namespace: String?
    /// What the kubeconfig calls us.
    public var userName: String

    public init(
        title: String, server: String, route: HTTPRoute = HTTPRoute(), credentials: Credentials = .none,
        namespace: String? = nil, userName: String = ""
    ) {
        self.title = title
        self.server = server
        self.route = route
        self.credentials = credentials
        self.namespace = namespace
        self.userName = userName
    }
}

// MARK: From a kubeconfig

extension Kubeconfig {
    /// - Parameter context: nil for the current one.
    /// - Throws: `settings` or `credentials`, saying what is missing or why it will not do.
    public func access(to context: String?) throws(KubernetesError) -> ClusterAccess {
        let place = paths.isEmpty ? "no kubeconfig" : paths.joined(separator: ", ")
        guard let name = context ?? currentContext else {
            throw KubernetesError(.settings, "\(place): no context is named, and none is the current one")
        }
        guard let found = contexts[name] else {
            let hint = nearestName(to: name, among: contextNames).map { "; did you mean '\($0)'?" } ?? ""
            throw KubernetesError(.settings, "\(place): there is no context '\(name)'\(hint)")
        }
        guard let cluster = clusters[found.cluster] else {
            throw KubernetesError(
                .settings, "\(place): there is no cluster '\(found.cluster)', which context '\(name)' names")
        }
        guard let user = found.user.isEmpty ? User() : users[found.user] else {
            throw KubernetesError(.settings, "\(place): there is no user '\(found.user)', whom context '\(name)' names")
        }
        var access = ClusterAccess(
            title: name, server: try server(of: cluster, found.cluster), namespace: found.namespace,
            userName: found.user)
        access.route = try route(to: cluster, named: found.cluster, as: user, &access.server)
        access.credentials = try credentials(of: user, named: found.user)
        return access
    }

    private func server(of cluster: Cluster, _ name: String) throws(KubernetesError) -> String {
        var server = cluster.server
        while server.hasSuffix("/") { server.removeLast() }
        guard !cluster.isInsecure else {
            throw KubernetesError(
                .settings,
                "cluster '\(name)' has insecure-skip-tls-verify: whoever stands between could read all secrets. Put the cluster's authority there instead: certificate-authority-data"
            )
        }
        guard server.hasPrefix("https://") else {
            throw KubernetesError(.settings, "cluster '\(name)': the server '\(server)' is no https:// URL")
        }
        return server
    }

    private func route(
        to cluster: Cluster, named name: String, as user: User, _ server: inout String
    ) throws(KubernetesError) -> HTTPRoute {
        var route = HTTPRoute(proxy: cluster.proxy)
        route.authorities = try bytes(cluster.authorities, or: cluster.authoritiesFile)
        if let serverName = cluster.serverName {
            // The URL has the name that the certificate has; the connection goes where the cluster is.
            let place = server.dropFirst("https://".count)
            let authority = place.prefix { $0 != "/" }
            let port = authority.lastIndex(of: ":").map { String(authority[$0...]) } ?? ":443"
            route.address = authority.contains(":") ? String(authority) : "\(authority):443"
            server = "https://\(serverName)\(port)\(place.dropFirst(authority.count))"
        }
        route.certificate = try bytes(user.certificate, or: user.certificateFile)
        let key = try bytes(nil, or: user.key == nil ? user.keyFile : nil)
        route.key = user.key ?? key.map { Secret(String(decoding: $0, as: UTF8.self)) }
        guard (route.certificate == nil) == (route.key == nil) else {
            throw KubernetesError(.credentials, "the user of cluster '\(name)' has half of a certificate and its key")
        }
        return route
    }

    private func credentials(of user: User, named name: String) throws(KubernetesError) -> ClusterAccess.Credentials {
        if let file = user.tokenFile { return .tokenFile(file) }
        if let token = user.token { return .token(token) }
        if let plugin = user.plugin { return .plugin(plugin) }
        if let way = user.unknownWay {
            throw KubernetesError(
                .credentials,
                "user '\(name)' gets in by \(way), which is not supported here: a token, a certificate or an exec plug-in is"
            )
        }
        return .none
    }

    /// What the kubeconfig itself has comes before the file that it names.
    private func bytes(_ given: [UInt8]?, or path: String?) throws(KubernetesError) -> [UInt8]? {
        guard given == nil, let path else { return given }
        do {
            if let bytes = try Files.read(path) { return bytes }
        } catch { throw KubernetesError(.settings, "\(path) cannot be read: \(error)") }
        throw KubernetesError(.settings, "there is no file \(path), which the kubeconfig names")
    }
}

// MARK: From within

extension ClusterAccess {
    /// The service account of the pod that this process runs in; nil outside of one.
    ///
    /// - Parameter folder: where the cluster puts its token.
    public static func inCluster(
        environment: [String: String], folder: String = "/var/run/secrets/kubernetes.io/serviceaccount"
    ) throws(KubernetesError) -> ClusterAccess? {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], let port = environment["KUBERNETES_SERVICE_PORT"],
            !host.isEmpty, !port.isEmpty, access("\(folder)/token", R_OK) == 0
        else { return nil }
        let name = host.contains(":") ? "[\(host)]" : host
        let authorities: [UInt8]?
        let namespace: [UInt8]?
        do throws(SystemError) {
            authorities = try Files.read("\(folder)/ca.crt")
            namespace = try Files.read("\(folder)/namespace")
        } catch { throw KubernetesError(.settings, "\(error)") }
        return ClusterAccess(
            title: inClusterName, server: "https://\(name):\(port)", route: HTTPRoute(authorities: authorities),
            credentials: .tokenFile("\(folder)/token"),
            namespace: namespace.map { String(decoding: $0, as: UTF8.self) }, userName: "the pod's service account")
    }

    /// What the cluster that this process runs in is called as a context.
    public static let inClusterName = "in-cluster"
}

public import SkyCore

/// What kubeconfig files say, all of them together: of each cluster, user and context the first that is found counts, as
/// kubectl has it.
public struct Kubeconfig: Hashable, Sendable {
    public struct Context: Hashable, Sendable {
        public var cluster: String
        public var user: String
        public var namespace: String?
    }

    public struct Cluster: Hashable, Sendable {
        public var server: String
        /// PEM.
        public var authorities: [UInt8]?
        public var authoritiesFile: String?
        public var isInsecure = false
        /// The name that the server's certificate has, if it is not that of the URL.
        public var serverName: String?
        public var proxy: String?
    }

    public struct User: Hashable, Sendable {
        /// PEM.
        public var certificate: [UInt8]?
        public var certificateFile: String?
        /// PEM.
        public var key: Secret?
        public var keyFile: String?
        public var token: Secret?
        public var tokenFile: String?
        public var plugin: ExecPlugin?
        /// Ways in that are not spoken here, for people: `a password`.
        public var unknownWay: String?
    }

    public var contexts: [String: Context] = [:]
    public var clusters: [String: Cluster] = [:]
    public var users: [String: User] = [:]
    public var currentContext: String?
    /// Where it was read.
    public var paths: [String] = []

    public init() {}

    /// Names, sorted.
    public var contextNames: [String] { contexts.keys.sorted() }

    /// The files that kubectl would read: those of `KUBECONFIG`, or `~/.kube/config`.
    public static func paths(environment: [String: String], home: String) -> [String] {
        let named = (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
        return named.isEmpty ? ["\(home)/.kube/config"] : named
    }

    mutating func merge(_ other: Kubeconfig) {
        contexts.merge(other.contexts) { first, _ in first }
        clusters.merge(other.clusters) { first, _ in first }
        users.merge(other.users) { first, _ in first }
        currentContext = currentContext ?? other.currentContext
        paths += other.paths
    }
}

/// A program of the user's own that gives credentials (`client.authentication.k8s.io`).
public struct ExecPlugin: Hashable, Sendable {
    /// With a slash a path, without one a program of `PATH`.
    public var command: String
    public var arguments: [String]
    /// In the file's order.
    public var variables: [Variable]
    public var version: String
    public var wantsCluster: Bool
    /// It asks a person something and cannot do without.
    public var isAlwaysInteractive: Bool
    /// What to do when there is no such program, in the words of whoever wrote the file.
    public var hint: String?

    public struct Variable: Hashable, Sendable {
        public var name: String
        public var value: Secret
    }

    public static let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
}

import SkyKubernetes

/// Which cluster is meant, and where what lets us in is found. Also what `sky kubernetes-exec` is told in its arguments.
public struct ClusterWay: Sendable {
    public var context: String
    public var kubeconfigs: [String]
    public var cacheFolder: String?
    public var environment: [String: String]

    public init(context: String, kubeconfigs: [String], cacheFolder: String?, environment: [String: String]) {
        self.context = context
        self.kubeconfigs = kubeconfigs
        self.cacheFolder = cacheFolder
        self.environment = environment
    }

    func access() throws(KubernetesError) -> ClusterAccess {
        let config = try Kubeconfig.read(kubeconfigs)
        // A context of that name comes first, wherever we are.
        if context == ClusterAccess.inClusterName, config.contexts[context] == nil,
            let own = try ClusterAccess.inCluster(environment: environment)
        {
            return own
        }
        return try config.access(to: context)
    }

    func credentials(_ access: ClusterAccess) -> ClusterCredentials {
        ClusterCredentials(access, environment: environment, cacheFolder: cacheFolder)
    }
}

public import SkyCore

/// What a person's `kubernetes.yaml` says: clusters that they may use, and how.
public struct KubernetesClusters: Hashable, Sendable {
    public var clusters: [KubernetesCluster]

    public init(clusters: [KubernetesCluster] = []) { self.clusters = clusters }

    public func cluster(named name: String) -> KubernetesCluster? { clusters.first { $0.name == name } }
}

/// A cluster as one person uses it: a context of their kubeconfig, and one namespace. A stage asks for it by
/// `infra: kubernetes/NAME`.
public struct KubernetesCluster: Hashable, Sendable {
    public var name: String
    /// Of the kubeconfig; `in-cluster` for the service account of the pod that `sky` runs in.
    public var context: String
    /// Files to read instead of those that kubectl would.
    public var kubeconfig: String?
    /// Nil for the context's own, or `default`.
    public var namespace: String?
    /// ISO 3166 code in capitals; nil where the file does not say.
    public var country: String?
    public var continent: String?
    /// For people: `Stuttgart`.
    public var place: String?
    /// What pods start from when a stage names nothing.
    public var image = KubernetesCluster.usualImage
    public var imagePullSecrets: [String] = []
    public var serviceAccount: String?
    public var priorityClass: String?
    public var runtimeClass: String?
    /// Labels that nodes must have to be used.
    public var nodeSelector: [String: String] = [:]
    /// Keys of taints that keep others away and not us.
    public var tolerations: [String] = []
    /// Catalog names of accelerators, by what labels call them; by the resource's name where no label says anything.
    public var accelerators: [String: String] = [:]
    /// Of a whole node.
    public var pricePerHour: Money?
    /// Of one CPU, on top of that.
    public var pricePerCPUHour: Money?
    /// Of one accelerator, on top of that.
    public var pricePerAcceleratorHour: Money?
    /// How long a gang may wait for its pods before another place is tried.
    public var queueLimit = KubernetesCluster.usualQueueLimit
    /// Where Sky keeps its things in a pod, as a word of the shell there; nil for `.sky-host` in the home.
    public var directory: String?
    /// What the cluster was found to have; nil when it was never asked.
    public var facts: KubernetesFacts?

    /// Plain, small, and everywhere the same.
    public static let usualImage = "docker.io/library/debian:bookworm"
    /// A cluster that grows by itself needs some minutes for it.
    public static let usualQueueLimit = TimeSpan.seconds(10 * 60)

    public init(name: String, context: String? = nil) {
        self.name = name
        self.context = context ?? name
    }
}

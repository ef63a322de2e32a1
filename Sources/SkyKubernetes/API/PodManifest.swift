/// A pod as it is asked for: what servers from 1.20 on take.
public struct PodManifest: Hashable, Sendable, Encodable {
    public struct Toleration: Hashable, Sendable, Encodable {
        public var key: String?
        /// `Exists` or `Equal`.
        public var `operator`: String
        public var value: String?
        public var effect: String?

        public init(key: String?, value: String? = nil, effect: String? = nil) {
            self.key = key
            self.operator = value == nil ? "Exists" : "Equal"
            self.value = value
            self.effect = effect
        }
    }

    public struct Resources: Hashable, Sendable, Encodable {
        public var requests: [String: String]
        public var limits: [String: String]
    }

    public struct Port: Hashable, Sendable, Encodable {
        public var containerPort: Int
    }

    public struct Mount: Hashable, Sendable, Encodable {
        public var name: String
        public var mountPath: String
    }

    public struct Container: Hashable, Sendable, Encodable {
        public var name: String
        public var image: String
        public var command: [String]
        public var resources: Resources
        public var ports: [Port]?
        public var volumeMounts: [Mount]
    }

    public struct EmptyFolder: Hashable, Sendable, Encodable {
        public var medium: String
    }

    public struct Volume: Hashable, Sendable, Encodable {
        public var name: String
        public var emptyDir: EmptyFolder
    }

    public struct Reference: Hashable, Sendable, Encodable {
        public var name: String

        public init(name: String) { self.name = name }
    }

    public struct Spec: Hashable, Sendable, Encodable {
        public var automountServiceAccountToken: Bool
        public var containers: [Container]
        public var enableServiceLinks = false
        public var imagePullSecrets: [Reference]?
        public var nodeSelector: [String: String]?
        public var priorityClassName: String?
        public var restartPolicy = "Never"
        public var runtimeClassName: String?
        public var serviceAccountName: String?
        public var terminationGracePeriodSeconds = 2
        public var tolerations: [Toleration]?
        public var volumes: [Volume]
    }

    public var apiVersion = "v1"
    public var kind = "Pod"
    public var metadata: ObjectMetadata
    public var spec: Spec

    /// The container in which jobs run.
    public static let containerName = "node"

    /// Ends at once when asked to, and takes in children that were left by their parents: nothing else, and nothing of Sky's.
    private static let sleeper = ["/bin/sh", "-c", "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"]

    /// - Parameter ports: that its jobs will listen at, for people who look at it.
    public init(
        metadata: ObjectMetadata, image: String, requests: [String: String], limits: [String: String], ports: [Int] = []
    ) {
        self.metadata = metadata
        spec = Spec(
            automountServiceAccountToken: false,
            containers: [
                Container(
                    name: Self.containerName, image: image, command: Self.sleeper,
                    resources: Resources(requests: requests, limits: limits),
                    ports: ports.isEmpty ? nil : ports.map { Port(containerPort: $0) },
                    volumeMounts: [Mount(name: "memory", mountPath: "/dev/shm")])
            ],
            // What programs of machine learning share between processes does not fit into the usual 64 MB.
            volumes: [Volume(name: "memory", emptyDir: EmptyFolder(medium: "Memory"))])
    }
}

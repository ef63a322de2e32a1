/// The fields of Kubernetes' objects that are read here. Whatever else they have is passed over, and whatever an old server does
/// not have is nil.

struct KubernetesList<Item: Decodable & Sendable>: Decodable, Sendable {
    struct Metadata: Decodable, Sendable {
        var `continue`: String?
    }

    var metadata: Metadata?
    var items: [Item]?
}

public struct ObjectMetadata: Hashable, Sendable, Codable {
    public struct Owner: Hashable, Sendable, Codable {
        public var kind: String
    }

    public var name: String?
    public var namespace: String?
    public var uid: String?
    public var labels: [String: String]?
    public var annotations: [String: String]?
    public var creationTimestamp: String?
    /// There while it is being deleted.
    public var deletionTimestamp: String?
    public var ownerReferences: [Owner]?

    public init(
        name: String? = nil, labels: [String: String]? = nil, annotations: [String: String]? = nil
    ) {
        self.name = name
        self.labels = labels
        self.annotations = annotations
    }
}

public struct ServerVersion: Hashable, Sendable, Decodable {
    public var gitVersion: String?
    public var major: String?
    public var minor: String?
}

public struct ClusterNode: Hashable, Sendable, Decodable {
    public struct Taint: Hashable, Sendable, Codable {
        public var key: String
        public var value: String?
        public var effect: String
    }

    public struct Condition: Hashable, Sendable, Decodable {
        public var type: String
        public var status: String
    }

    public struct Spec: Hashable, Sendable, Decodable {
        public var unschedulable: Bool?
        public var taints: [Taint]?
    }

    public struct Status: Hashable, Sendable, Decodable {
        public var allocatable: [String: String]?
        public var conditions: [Condition]?
    }

    public var metadata: ObjectMetadata
    public var spec: Spec?
    public var status: Status?

    public var isReady: Bool {
        status?.conditions?.contains { $0.type == "Ready" && $0.status == "True" } ?? false
    }
}

public struct Pod: Hashable, Sendable, Decodable {
    public struct Container: Hashable, Sendable, Decodable {
        public struct Resources: Hashable, Sendable, Decodable {
            public var requests: [String: String]?
        }

        public var name: String
        public var resources: Resources?
    }

    public struct Spec: Hashable, Sendable, Decodable {
        public var nodeName: String?
        public var containers: [Container]?
    }

    public struct Condition: Hashable, Sendable, Decodable {
        public var type: String
        public var status: String
        public var reason: String?
        public var message: String?
    }

    public struct ContainerState: Hashable, Sendable, Decodable {
        public struct Waiting: Hashable, Sendable, Decodable {
            public var reason: String?
            public var message: String?
        }

        public struct Running: Hashable, Sendable, Decodable {
            public var startedAt: String?
        }

        public struct Terminated: Hashable, Sendable, Decodable {
            public var reason: String?
            public var message: String?
            public var exitCode: Int?
        }

        public var waiting: Waiting?
        public var running: Running?
        public var terminated: Terminated?
    }

    public struct ContainerStatus: Hashable, Sendable, Decodable {
        public var name: String
        public var state: ContainerState?
    }

    public struct Status: Hashable, Sendable, Decodable {
        /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
        public var phase: String?
        /// `Evicted`, `NodeLost`, `Preempting`, …
        public var reason: String?
        public var message: String?
        public var podIP: String?
        public var conditions: [Condition]?
        public var containerStatuses: [ContainerStatus]?
    }

    public var metadata: ObjectMetadata
    public var spec: Spec?
    public var status: Status?

    public func condition(_ type: String) -> Condition? { status?.conditions?.first { $0.type == type } }
}

/// What has happened to something.
public struct ClusterEvent: Hashable, Sendable, Decodable {
    /// `FailedScheduling`, `Pulling`, …
    public var reason: String?
    public var message: String?
    /// `Normal` or `Warning`.
    public var type: String?
    public var lastTimestamp: String?
    public var eventTime: String?
    public var count: Int?
}

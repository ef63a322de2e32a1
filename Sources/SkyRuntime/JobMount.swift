/// What a job finds at a path where its node has nothing, or something else.
public struct JobMount: Hashable, Sendable, Codable {
    public enum Source: Hashable, Sendable, Codable {
        /// A file or folder of the node's directory, relative to it.
        case node(path: String)
        case bucket(BucketMount)
    }

    /// Absolute, in the home folder (`~/data`), or relative to the working directory.
    public var target: String
    public var source: Source
    /// What would be written there is refused.
    public var isReadOnly: Bool
    /// A line for the job's log; nil: nothing to be said.
    public var note: String?

    public init(target: String, source: Source, isReadOnly: Bool = false, note: String? = nil) {
        self.target = target
        self.source = source
        self.isReadOnly = isReadOnly
        self.note = note
    }

    var bucket: BucketMount? { if case .bucket(let bucket) = source { bucket } else { nil } }
}

/// A bucket's folder as part of a job's file system.
public struct BucketMount: Hashable, Sendable, Codable {
    /// `s3://bucket/folder`, for people.
    public var url: String
    /// The same for rclone: `:s3:bucket/folder/`.
    public var remote: String
    /// What is written is kept on the node's disk first and sent when its file is closed: files may be changed anywhere.
    /// Without, files are written from their beginning to their end, and closing one waits until it is there.
    public var isCached: Bool
    /// For the process that mounts it and nobody else, credentials among them. On the node's disk they are from when the job is
    /// submitted until that process has begun.
    public var variables: [String: String]

    public init(url: String, remote: String, isCached: Bool, variables: [String: String]) {
        self.url = url
        self.remote = remote
        self.isCached = isCached
        self.variables = variables
    }
}

/// What a node can do about mounts.
public struct MountAbility: Hashable, Sendable, Codable {
    /// Jobs can have a view of the file system of their own, with mounts that nobody else sees.
    public var hasNamespaces: Bool
    /// Why buckets cannot be mounted there, as what is said of the node: `it has no rclone`. Nil when they can be.
    public var bucketObstacle: String?

    public init(hasNamespaces: Bool, bucketObstacle: String? = nil) {
        self.hasNamespaces = hasNamespaces
        self.bucketObstacle = bucketObstacle
    }
}

/// A folder of a bucket as rclone is told of it, on a machine that knows nothing of it.
public struct RcloneRemote: Hashable, Sendable {
    /// `:s3:bucket/folder/`
    public var path: String
    /// For rclone's environment. Values are secrets: credentials are among them.
    public var variables: [String: String]

    /// Nowhere: for whoever has mounted it already.
    public static let known = RcloneRemote(path: "", variables: [:])

    public init(path: String, variables: [String: String]) {
        self.path = path
        self.variables = variables
    }

    /// - Parameters:
    ///   - backend: rclone's name of it; its options are variables that begin with that.
    ///   - bucket: as rclone names it.
    init(_ backend: String, _ bucket: String, key: String, _ options: [String: String]) {
        let folder = key.split(separator: "/").map { "\($0)/" }.joined()
        path = ":\(backend):\(bucket)/\(folder)"
        let prefix = "RCLONE_\(backend.uppercased())_"
        variables = Dictionary(uniqueKeysWithValues: options.map { (prefix + $0.key, $0.value) })
    }
}

/// A store whose buckets rclone mounts.
public protocol MountableStore: ObjectStore {
    /// How rclone speaks to this store as this client does, for as long as what it is given lasts.
    ///
    /// - Throws: `.unsuitable` when there is no such bucket, or there is nothing that lasts; `.service` of kind `.credentials` when there
    ///   are no credentials.
    func rclone(for url: ObjectURL) async throws(StorageError) -> RcloneRemote
}

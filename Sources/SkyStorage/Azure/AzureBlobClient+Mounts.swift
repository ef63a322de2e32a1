import SkyCore

extension AzureBlobClient: MountableStore {
    /// With a signature for the container alone, which lasts a week at the most, or the one that was given to us.
    public func rclone(for url: ObjectURL) async throws(StorageError) -> RcloneRemote {
        let container = ObjectURL(.az, bucket: url.bucket, key: "")
        let signature: String
        if case .signature(let own) = identity.proof {
            signature = own.reveal()
        } else if let made = try await query(for: container, Self.mounting, for: DelegationKeys.longest) {
            signature = made
        } else {
            throw .unsuitable(
                path: "\(url)",
                reason: "a bucket is mounted as somebody: set AZURE_STORAGE_KEY, or sign in with az login")
        }
        let options = ["SAS_URL": "\(address(of: container))?\(signature)", "NO_CHECK_CONTAINER": "true"]
        return RcloneRemote("azureblob", url.container, key: url.key, options)
    }

    /// To read, create, write, remove and list, in the order that signatures have.
    private static let mounting = "rcwdl"
}

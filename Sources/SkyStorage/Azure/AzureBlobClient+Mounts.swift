import SkyCore

extension AzureBlobClient: MountableStore {
    /// With a signature for the container alone, which lasts a week at the most, or the one that was given to us.
    public func rclone(for url: ObjectURL) async throws(StorageError) -> RcloneRemote {
        let container = ObjectURL(.az, bucket: url.bucket, key: "")
        let signature: String
        switch identity.proof {
        // To read, create, write, remove and list.
        case .key, .tokens: signature = try await query(for: container, "rcwdl", for: DelegationKeys.longest) ?? ""
        case .signature(let own): signature = own.reveal()
        case .none:
            throw .unsuitable(
                path: "\(url)",
                reason: "a bucket is mounted as somebody: set AZURE_STORAGE_KEY, or sign in with az login")
        }
        let options = [
            "SAS_URL": "\(address(of: container))?\(signature)", "NO_CHECK_CONTAINER": "true",
        ]
        return RcloneRemote("azureblob", url.container, key: url.key, options)
    }
}

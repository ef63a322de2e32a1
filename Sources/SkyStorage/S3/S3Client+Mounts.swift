import SkyAWS
import SkyCore

extension S3Client: MountableStore {
    /// With keys, or what a profile that signs in, or a role, gives: that lasts as long as it says.
    public func rclone(for url: ObjectURL) async throws(StorageError) -> RcloneRemote {
        let identity: AWSCredentials
        do { identity = try await credentials.credentials().credentials } catch { throw StorageError(error) }
        var options = [
            "PROVIDER": isAWS ? "AWS" : "Other", "ACCESS_KEY_ID": identity.accessKeyID,
            "SECRET_ACCESS_KEY": identity.secretAccessKey.reveal(), "NO_CHECK_BUCKET": "true",
        ]
        options["SESSION_TOKEN"] = identity.sessionToken?.reveal()
        options["REGION"] = try await region(ofBucket: url.bucket)
        if origin != "s3" { options["ENDPOINT"] = origin }
        return RcloneRemote("s3", url.bucket, key: url.key, options)
    }
}

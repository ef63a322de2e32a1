import SkyAWS
import SkyCore

extension S3Client {
    /// Variables with which rclone speaks to this store as this client does. Those that are credentials end when they end: of a
    /// profile that signs in, or a role, they last as long as that says.
    ///
    /// - Throws: `.unsuitable` when there is no such bucket; `.service` of kind `.credentials` when there are none.
    public func rcloneVariables(for url: ObjectURL) async throws(StorageError) -> [String: String] {
        let identity: AWSCredentials
        do { identity = try await credentials.credentials().credentials } catch { throw StorageError(error) }
        var variables = [
            "PROVIDER": isAWS ? "AWS" : "Other", "ACCESS_KEY_ID": identity.accessKeyID,
            "SECRET_ACCESS_KEY": identity.secretAccessKey.reveal(), "NO_CHECK_BUCKET": "true",
        ]
        variables["SESSION_TOKEN"] = identity.sessionToken?.reveal()
        variables["REGION"] = try await region(ofBucket: url.bucket)
        if origin != "s3" { variables["ENDPOINT"] = origin }
        return Dictionary(uniqueKeysWithValues: variables.map { ("RCLONE_S3_\($0.key)", $0.value) })
    }
}

import SkyCore
import SkyGoogle
import SkyHTTP

extension GCSClient: MountableStore {
    /// With a service account's key, or a person's login. Tokens alone end within the hour, and what is mounted with them.
    public func rclone(for url: ObjectURL) async throws(StorageError) -> RcloneRemote {
        // Rights on objects are what the bucket says: uniform buckets want to hear nothing else.
        var options = ["NO_CHECK_BUCKET": "true", "BUCKET_POLICY_ONLY": "true"]
        if endpoint != Self.ownEndpoint { options["ENDPOINT"] = "\(endpoint)/storage/v1/" }
        if tokens == nil {
            options["ANONYMOUS"] = "true"
        } else {
            options.merge(try await lastingOptions(for: url)) { $1 }
        }
        return RcloneRemote("gcs", url.bucket, key: url.key, options)
    }

    private func lastingOptions(for url: ObjectURL) async throws(StorageError) -> [String: String] {
        let found: LastingCredential?
        do { found = try await lasting?() } catch { throw StorageError(error) }
        switch found {
        case .serviceAccount(let file): return ["SERVICE_ACCOUNT_CREDENTIALS": file.reveal()]
        case .login(let login):
            // Long over: it gets a new one before it asks for anything.
            let token: JSONValue = [
                "access_token": "none", "token_type": "Bearer", "refresh_token": .string(login.refreshToken.reveal()),
                "expiry": "2000-01-01T00:00:00Z",
            ]
            return [
                "CLIENT_ID": login.clientID, "CLIENT_SECRET": login.clientSecret.reveal(),
                "TOKEN_URL": login.tokenURL, "TOKEN": String(decoding: token.bytes, as: UTF8.self),
            ]
        case nil:
            throw .unsuitable(
                path: "\(url)",
                reason: "a bucket is mounted with a service account's key or a person's login (gcloud auth"
                    + " application-default login); what is here gives tokens that end within the hour. Say mode: COPY where"
                    + " it is only read")
        }
    }
}

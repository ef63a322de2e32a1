public import SkyCore

/// Who signs. Printing it shows the key's id and no secret.
public struct AWSCredentials: Hashable, Sendable {
    public var accessKeyID: String
    public var secretAccessKey: Secret
    /// Of credentials that end by themselves.
    public var sessionToken: Secret?
    /// Nil when they do not end, or nobody said when.
    public var expires: Instant?

    public init(
        accessKeyID: String, secretAccessKey: Secret, sessionToken: Secret? = nil, expires: Instant? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expires = expires
    }
}

import SkyCore

/// Credentials, and where they were found, for people.
public struct FoundCredentials: Hashable, Sendable {
    public let credentials: AWSCredentials
    /// `AWS_ACCESS_KEY_ID`, `profile work in /home/u/.aws/credentials`.
    public let source: String
}

/// Looks for credentials where AWS's own tools look, in their order.
struct CredentialChain: Sendable {
    let settings: AWSSettings
    var surroundings: AWSSurroundings { settings.surroundings }

    func find() async throws(AWSError) -> FoundCredentials {
        // A profile that was asked for by name is meant, whatever lies in the environment.
        if !settings.isExplicit, let found = try environment() { return found }
        if let found = try await profile(settings.profile, visited: []) { return found }
        if let found = try await webIdentityOfEnvironment() { return found }
        if let found = try await container() { return found }
        if let found = try await instance() { return found }
        throw nothing()
    }

    /// From `AWS_ACCESS_KEY_ID` and its companions.
    func environment() throws(AWSError) -> FoundCredentials? {
        guard let id = surroundings.variable("AWS_ACCESS_KEY_ID") else { return nil }
        guard let secret = surroundings.variable("AWS_SECRET_ACCESS_KEY") else {
            throw AWSError(
                .credentials, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not: set both, or neither")
        }
        let token = surroundings.variable("AWS_SESSION_TOKEN") ?? surroundings.variable("AWS_SECURITY_TOKEN")
        let credentials = AWSCredentials(
            accessKeyID: id, secretAccessKey: Secret(secret), sessionToken: token.map { Secret($0) })
        return FoundCredentials(credentials: credentials, source: "AWS_ACCESS_KEY_ID")
    }

    private func nothing() -> AWSError {
        let chosen = settings.isExplicit ? "" : "the environment (AWS_ACCESS_KEY_ID), "
        return AWSError(
            .credentials,
            "no AWS credentials: looked in \(chosen)profile '\(settings.profile)' of \(settings.configPath) and "
                + "\(settings.credentialsPath), a web identity (AWS_WEB_IDENTITY_TOKEN_FILE), a container's "
                + "(AWS_CONTAINER_CREDENTIALS_FULL_URI) and the machine's own (instance metadata). "
                + "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or type: aws configure")
    }
}

import SkyCore
import SkyHTTP

extension CredentialChain {
    /// Of the container that we run in, if its variables say that it has some.
    func container() async throws(AWSError) -> FoundCredentials? {
        let source = "the container's credentials"
        let url: String
        if let relative = surroundings.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            url = "http://169.254.170.2\(relative)"
        } else if let full = surroundings.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            guard Self.mayHoldCredentials(full) else {
                throw AWSError(
                    .settings,
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or an address of this machine or of its container "
                        + "service: a token would go to it in the clear")
            }
            url = full
        } else {
            return nil
        }
        var headers = HTTPHeaders()
        if let path = surroundings.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            guard let token = try surroundings.read(path) else {
                throw AWSError(
                    .credentials, "\(path), which AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names, is not there")
            }
            headers["Authorization"] = String(token.filter { !$0.isNewline })
        } else if let token = surroundings.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            headers["Authorization"] = token
        }
        let response = try await get(url, headers: headers, timeout: .seconds(5), tries: 3)
        guard response.status == 200 else {
            throw AWSError(.credentials, status: response.status, "\(source): HTTP \(response.status) from \(url)")
        }
        return FoundCredentials(
            credentials: try CredentialJSON.metadata(response.body, source: source), source: source)
    }

    private static func mayHoldCredentials(_ url: String) -> Bool {
        let plain = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "127.0.0.1", "localhost", "[::1]"]
        return url.hasPrefix("https://")
            || plain.contains { url.hasPrefix("http://\($0)/") || url.hasPrefix("http://\($0):") }
    }

    /// Of the machine, by version 2 of its metadata service. Nil where there is none, which shows within a second.
    func instance() async throws(AWSError) -> FoundCredentials? {
        guard surroundings.variable("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true" else { return nil }
        var origin = surroundings.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? "http://169.254.169.254"
        while origin.hasSuffix("/") { origin.removeLast() }
        let source = "the machine's role (\(origin))"
        guard let token = await metadataToken(origin) else { return nil }
        let headers: HTTPHeaders = ["X-aws-ec2-metadata-token": token]
        let roles = "\(origin)/latest/meta-data/iam/security-credentials/"
        let names = try await get(roles, headers: headers, timeout: .seconds(2), tries: 3)
        // A machine without a role answers that there is nothing.
        guard names.status == 200, let role = names.text.split(whereSeparator: \.isWhitespace).first else { return nil }
        let response = try await get(roles + role, headers: headers, timeout: .seconds(2), tries: 3)
        guard response.status == 200 else {
            throw AWSError(.credentials, status: response.status, "\(source): HTTP \(response.status) for '\(role)'")
        }
        return FoundCredentials(
            credentials: try CredentialJSON.metadata(response.body, source: source), source: source)
    }

    private func metadataToken(_ origin: String) async -> String? {
        let headers: HTTPHeaders = ["X-aws-ec2-metadata-token-ttl-seconds": "21600"]
        let answer = try? await get(
            "\(origin)/latest/api/token", method: .put, headers: headers, timeout: .seconds(1), tries: 1)
        guard let answer, answer.status == 200 else { return nil }
        let token = answer.text.filter { !$0.isWhitespace }
        return token.isEmpty ? nil : token
    }
}

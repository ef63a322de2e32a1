import SkyCore

extension CredentialChain {
    /// What a profile's settings lead to; nil when it has none for credentials.
    ///
    /// - Parameter visited: the profiles that led here as `source_profile`.
    func profile(_ name: String, visited: [String]) async throws(AWSError) -> FoundCredentials? {
        // A role that names its own profile as source means the keys that stand beside it.
        if let role = settings.value("role_arn", of: name), visited.last != name {
            return try await assume(role, by: name, visited: visited)
        }
        if settings.value("sso_account_id", of: name) != nil { return try await singleSignOn(name) }
        if let found = try keys(of: name, { settings.secretValue($0, of: name) }, in: settings.credentialsPath) {
            return found
        }
        if let command = settings.value("credential_process", of: name) {
            let output = try await surroundings.output(of: command)
            let credentials = try CredentialJSON.process(output, source: "credential_process of profile '\(name)'")
            return FoundCredentials(credentials: credentials, source: "credential_process of profile '\(name)'")
        }
        return try keys(of: name, { settings.configValue($0, of: name) }, in: settings.configPath)
    }

    private func keys(
        of name: String, _ value: (String) -> String?, in path: String
    ) throws(AWSError) -> FoundCredentials? {
        guard let id = value("aws_access_key_id") else { return nil }
        guard let secret = value("aws_secret_access_key") else {
            throw AWSError(
                .credentials, "profile '\(name)' in \(path) has aws_access_key_id and no aws_secret_access_key")
        }
        let credentials = AWSCredentials(
            accessKeyID: id, secretAccessKey: Secret(secret),
            sessionToken: value("aws_session_token").map { Secret($0) })
        return FoundCredentials(credentials: credentials, source: "profile '\(name)' in \(path)")
    }

    private func assume(_ role: String, by name: String, visited: [String]) async throws(AWSError) -> FoundCredentials {
        if settings.value("mfa_serial", of: name) != nil {
            throw AWSError(
                .credentials,
                "profile '\(name)' wants a code of a device (mfa_serial), which nobody can be asked for here: "
                    + "get credentials that last with 'aws sts get-session-token', or name a credential_process")
        }
        let sessionName = settings.value("role_session_name", of: name)
        if let file = settings.value("web_identity_token_file", of: name) {
            return try await assumeWithToken(file, role: role, sessionName: sessionName, source: "profile '\(name)'")
        }
        guard !visited.contains(name) else {
            throw AWSError(
                .settings, "source_profile goes in a circle: \((visited + [name]).joined(separator: " → "))")
        }
        let base = try await base(of: name, visited: visited + [name])
        let duration = try settings.value("duration_seconds", of: name).map { (text) throws(AWSError) in
            guard let seconds = Int(text) else {
                throw AWSError(.settings, "duration_seconds of profile '\(name)' is '\(text)', and no number")
            }
            return seconds
        }
        let credentials = try await SecurityTokenService(settings: settings, regionOf: name).assume(
            role, sessionName: sessionName, externalID: settings.value("external_id", of: name), seconds: duration,
            as: base.credentials)
        return FoundCredentials(credentials: credentials, source: "\(role) of profile '\(name)', by \(base.source)")
    }

    /// Who assumes the role.
    private func base(of name: String, visited: [String]) async throws(AWSError) -> FoundCredentials {
        if let source = settings.value("source_profile", of: name) {
            guard settings.exists(source) else { throw settings.noProfile(source) }
            guard let found = try await profile(source, visited: visited) else {
                throw AWSError(
                    .credentials, "profile '\(source)', which is to assume a role for '\(name)', has no credentials")
            }
            return found
        }
        let found: FoundCredentials?
        switch settings.value("credential_source", of: name) {
        case "Environment": found = try environment()
        case "Ec2InstanceMetadata": found = try await instance()
        case "EcsContainer": found = try await container()
        case let other?:
            throw AWSError(
                .settings,
                "credential_source of profile '\(name)' is '\(other)': Environment, Ec2InstanceMetadata or EcsContainer"
            )
        case nil:
            throw AWSError(
                .settings, "profile '\(name)' has role_arn and neither source_profile nor credential_source")
        }
        guard let found else {
            throw AWSError(.credentials, "credential_source of profile '\(name)' gives no credentials")
        }
        return found
    }

    func webIdentityOfEnvironment() async throws(AWSError) -> FoundCredentials? {
        guard let file = surroundings.variable("AWS_WEB_IDENTITY_TOKEN_FILE") else { return nil }
        guard let role = surroundings.variable("AWS_ROLE_ARN") else {
            throw AWSError(.settings, "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not: it names the role")
        }
        let sessionName = surroundings.variable("AWS_ROLE_SESSION_NAME")
        return try await assumeWithToken(
            file, role: role, sessionName: sessionName, source: "AWS_WEB_IDENTITY_TOKEN_FILE")
    }

    private func assumeWithToken(
        _ file: String, role: String, sessionName: String?, source: String
    ) async throws(AWSError) -> FoundCredentials {
        let path = surroundings.path(file)
        guard let token = try surroundings.read(path) else {
            throw AWSError(.credentials, "\(path), the web identity's token of \(source), is not there")
        }
        let credentials = try await SecurityTokenService(settings: settings, regionOf: settings.profile).assume(
            role, sessionName: sessionName, token: Secret(String(token.filter { !$0.isWhitespace })))
        return FoundCredentials(credentials: credentials, source: "\(role) by the web identity of \(source)")
    }
}

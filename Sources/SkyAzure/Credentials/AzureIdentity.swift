import SkyCore

/// As whom one asks for tokens, and where that was found.
struct AzureIdentity: Sendable {
    enum Kind: Sendable {
        case clientSecret(Application, Secret)
        case clientCertificate(Application, path: String, password: Secret?, sendsChain: Bool)
        /// The file is read anew each time: whoever gives it replaces it every hour or so.
        case workload(Application, tokenFile: String)
        case managed(ManagedIdentity)
        case commandLine(CommandLineLogin)
    }

    /// A service principal, or whatever else has a client id in a tenant.
    struct Application: Hashable, Sendable {
        let tenant: String
        let client: String
    }

    let kind: Kind
    /// `AZURE_CLIENT_SECRET`, `the login of 'az login' in …`: for people.
    let source: String
    let endpoints: AzureEndpoints

    /// What tells it from every other, to be hashed and not to be shown; nil when its tokens are not kept on the disk: the
    /// machine's own service keeps them.
    var cacheKey: String? {
        switch kind {
        case .clientSecret(let application, let secret):
            ["secret", application.tenant, application.client, secret.reveal()].joined(separator: "\n")
        case .clientCertificate(let application, let path, _, _):
            ["certificate", application.tenant, application.client, path].joined(separator: "\n")
        case .workload(let application, let file):
            ["workload", application.tenant, application.client, file].joined(separator: "\n")
        case .managed: nil
        case .commandLine(let login): ["az", login.tenant, login.refreshToken.reveal()].joined(separator: "\n")
        }
    }
}

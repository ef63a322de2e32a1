import SkyCore
import SkyHTTP

/// Looks for who asks where Azure's own libraries look, in the order of their `DefaultAzureCredential`.
struct CredentialChain: Sendable {
    let surroundings: AzureSurroundings
    let endpoints: AzureEndpoints

    init(_ surroundings: AzureSurroundings) {
        self.surroundings = surroundings
        endpoints =
            surroundings.variable("AZURE_AUTHORITY_HOST").map { AzureEndpoints(authorityHost: $0) } ?? .worldwide
    }

    func find() async throws(CredentialFailure) -> AzureIdentity {
        guard Self.mayBeTold(endpoints.authority) else {
            throw CredentialFailure(
                .refused,
                "AZURE_AUTHORITY_HOST is \(endpoints.authority), and secrets go there: it must begin with https://")
        }
        if let found = try environment() { return found }
        if let found = try workload() { return found }
        if let found = await managed() { return found }
        if let found = try commandLine() { return found }
        throw nothing()
    }

    /// In the clear, secrets go to this machine only.
    static func mayBeTold(_ url: String) -> Bool {
        let loopback = ["127.0.0.1", "localhost", "[::1]"]
        return url.hasPrefix("https://")
            || loopback.contains {
                url == "http://\($0)" || url.hasPrefix("http://\($0):") || url.hasPrefix("http://\($0)/")
            }
    }

    /// A service principal with a secret or a certificate.
    private func environment() throws(CredentialFailure) -> AzureIdentity? {
        let secret = surroundings.variable("AZURE_CLIENT_SECRET")
        let certificate = surroundings.variable("AZURE_CLIENT_CERTIFICATE_PATH")
        guard
            let variable = secret != nil
                ? "AZURE_CLIENT_SECRET" : certificate.map({ _ in "AZURE_CLIENT_CERTIFICATE_PATH" })
        else { return nil }
        let application = try application(that: variable)
        if let secret {
            return identity(.clientSecret(application, Secret(secret)), "AZURE_CLIENT_SECRET")
        }
        let path = surroundings.path(certificate ?? "")
        let chain = surroundings.variable("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")?.lowercased()
        return identity(
            .clientCertificate(
                application, path: path,
                password: surroundings.variable("AZURE_CLIENT_CERTIFICATE_PASSWORD").map { Secret($0) },
                sendsChain: chain == "true" || chain == "1"), "AZURE_CLIENT_CERTIFICATE_PATH (\(path))")
    }

    /// The token that Kubernetes, or a CI service, has put into a file.
    private func workload() throws(CredentialFailure) -> AzureIdentity? {
        guard let file = surroundings.variable("AZURE_FEDERATED_TOKEN_FILE") else { return nil }
        let application = try application(that: "AZURE_FEDERATED_TOKEN_FILE")
        let path = surroundings.path(file)
        return identity(.workload(application, tokenFile: path), "AZURE_FEDERATED_TOKEN_FILE (\(path))")
    }

    private func application(that variable: String) throws(CredentialFailure) -> AzureIdentity.Application {
        func need(_ name: String) throws(CredentialFailure) -> String {
            guard let value = surroundings.variable(name) else {
                throw CredentialFailure(
                    .refused,
                    "\(variable) is set and \(name) is not: set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
                        + "\(variable), or none of them")
            }
            return value
        }
        let tenant = try need("AZURE_TENANT_ID")
        guard tenant.utf8.allSatisfy({ $0.isTenantLetter }) else {
            throw CredentialFailure(.refused, "AZURE_TENANT_ID is '\(tenant)': a tenant is an id or a domain")
        }
        return AzureIdentity.Application(tenant: tenant, client: try need("AZURE_CLIENT_ID"))
    }

    private func managed() async -> AzureIdentity? {
        await ManagedIdentity.find(surroundings).map { identity(.managed($0), $0.source) }
    }

    private func commandLine() throws(CredentialFailure) -> AzureIdentity? {
        guard let profile = try CommandLineProfile(surroundings) else { return nil }
        // Whoever logged in elsewhere than in the worldwide Azure need not say so again.
        let endpoints =
            surroundings.variable("AZURE_AUTHORITY_HOST") == nil
            ? AzureEndpoints(environmentName: profile.subscription?.environmentName) : endpoints
        return try profile.identity(surroundings, endpoints)
    }

    private func identity(_ kind: AzureIdentity.Kind, _ source: String) -> AzureIdentity {
        AzureIdentity(kind: kind, source: source, endpoints: endpoints)
    }

    private func nothing() -> CredentialFailure {
        CredentialFailure(
            .missing,
            "no Azure credentials: looked in the environment (AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH, with "
                + "AZURE_TENANT_ID and AZURE_CLIENT_ID), a workload identity (AZURE_FEDERATED_TOKEN_FILE), the machine's own "
                + "(IDENTITY_ENDPOINT, instance metadata) and the login in \(surroundings.commandLineFolder). Type: az login"
        )
    }
}

extension UInt8 {
    /// Of ids and domains: it becomes a part of a path.
    fileprivate var isTenantLetter: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}

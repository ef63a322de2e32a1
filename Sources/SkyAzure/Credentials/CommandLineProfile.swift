import FoundationEssentials
import SkyCore
import SkyHTTP

/// What Azure's command line keeps of its logins: subscriptions, and who logged in to them.
struct CommandLineProfile: Sendable {
    struct Subscription: Decodable, Sendable {
        struct User: Decodable, Sendable {
            let name: String
            /// `user` or `servicePrincipal`.
            let type: String
        }

        let id: String
        let name: String
        let tenantId: String
        let isDefault: Bool?
        let environmentName: String?
        let user: User
    }

    let path: String
    let subscriptions: [Subscription]

    /// Nil when nobody has ever logged in here.
    init?(_ surroundings: AzureSurroundings) throws(CredentialFailure) {
        struct Profile: Decodable { let subscriptions: [Subscription]? }
        path = "\(surroundings.commandLineFolder)/azureProfile.json"
        guard var bytes = try surroundings.read(path) else { return nil }
        // It is written with a byte order mark.
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
        subscriptions = try TokenAnswer.read(Profile.self, from: bytes, source: path).subscriptions ?? []
        guard !subscriptions.isEmpty else { return nil }
    }

    /// The one that commands without `--subscription` mean.
    var subscription: Subscription? { subscriptions.first { $0.isDefault == true } ?? subscriptions.first }

    /// - Throws: when the login cannot be used from here, with what to type.
    func identity(
        _ surroundings: AzureSurroundings, _ endpoints: AzureEndpoints
    ) throws(CredentialFailure) -> AzureIdentity? {
        guard let wanted = try chosen(surroundings) else { return nil }
        let tenant = surroundings.variable("AZURE_TENANT_ID") ?? wanted.tenantId
        let folder = surroundings.commandLineFolder
        if wanted.user.type == "servicePrincipal" {
            return try principal(wanted, tenant, surroundings, endpoints)
        }
        guard let login = try CommandLineLogin(user: wanted.user.name, tenant: tenant, surroundings) else {
            throw CredentialFailure(
                .refused,
                "'\(wanted.user.name)' has logged in by Azure's command line, and the login is not in "
                    + "\(folder)/\(CommandLineLogin.fileName), where it can be read. Type: az login")
        }
        return AzureIdentity(
            kind: .commandLine(login), source: "the login of '\(wanted.user.name)' in \(folder)", endpoints: endpoints)
    }

    /// That of `AZURE_SUBSCRIPTION_ID`, by its id or its name, decides which login is meant.
    private func chosen(_ surroundings: AzureSurroundings) throws(CredentialFailure) -> Subscription? {
        guard let asked = surroundings.variable("AZURE_SUBSCRIPTION_ID") else { return subscription }
        return subscriptions.first { $0.id.lowercased() == asked.lowercased() || $0.name == asked } ?? subscription
    }

    /// One who logged in by `az login --service-principal` or `--identity`.
    private func principal(
        _ subscription: Subscription, _ tenant: String, _ surroundings: AzureSurroundings, _ endpoints: AzureEndpoints
    ) throws(CredentialFailure) -> AzureIdentity? {
        struct Entry: Decodable {
            let client_id: String
            let tenant: String
            let client_secret: String?
            let certificate: String?
        }
        let file = "\(surroundings.commandLineFolder)/service_principal_entries.json"
        let entries =
            if let bytes = try surroundings.read(file) {
                try TokenAnswer.read([Entry].self, from: bytes, source: file)
            } else { [Entry]() }
        let name = subscription.user.name
        guard let entry = entries.first(where: { $0.client_id == name && $0.tenant == tenant }) else {
            throw CredentialFailure(
                .refused,
                "the service principal '\(name)' has logged in by Azure's command line, and its secret is not in \(file), "
                    + "where it can be read. Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET")
        }
        let application = AzureIdentity.Application(tenant: tenant, client: name)
        let source = "the login of service principal '\(name)' in \(surroundings.commandLineFolder)"
        if let secret = entry.client_secret {
            return AzureIdentity(
                kind: .clientSecret(application, Secret(secret)), source: source, endpoints: endpoints)
        }
        guard let certificate = entry.certificate else { return nil }
        return AzureIdentity(
            kind: .clientCertificate(application, path: certificate, password: nil, sendsChain: false), source: source,
            endpoints: endpoints)
    }
}

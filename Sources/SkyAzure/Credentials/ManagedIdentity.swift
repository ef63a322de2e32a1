import SkyCore
import SkyHTTP

/// The identity that Azure gives a machine or a service, by the service on it that knows.
struct ManagedIdentity: Hashable, Sendable {
    enum Server: Hashable, Sendable {
        /// The metadata service of virtual machines.
        case instanceMetadata(origin: String)
        /// App Service, Functions, Container Apps.
        case appService(url: String, header: Secret)
        /// The agent on a machine that is elsewhere than in Azure.
        case arc(url: String)
        case cloudShell(url: String)
    }

    let server: Server
    /// Of a user-assigned one; nil for the machine's own.
    let client: String?

    var source: String {
        let whose = client.map { "identity \($0)" } ?? "identity"
        return switch server {
        case .instanceMetadata(let origin): "the machine's \(whose) (\(origin))"
        case .appService(let url, _): "the service's \(whose) (IDENTITY_ENDPOINT \(url))"
        case .arc(let url): "the machine's \(whose) by Azure Arc (\(url))"
        case .cloudShell: "Cloud Shell's login (MSI_ENDPOINT)"
        }
    }

    /// Nil where no server says that it is there, which shows within a second.
    static func find(_ surroundings: AzureSurroundings) async -> ManagedIdentity? {
        let client = surroundings.variable("AZURE_CLIENT_ID")
        if let url = surroundings.variable("IDENTITY_ENDPOINT") {
            if let header = surroundings.variable("IDENTITY_HEADER") {
                return ManagedIdentity(server: .appService(url: url, header: Secret(header)), client: client)
            }
            if surroundings.variable("IMDS_ENDPOINT") != nil {
                return ManagedIdentity(server: .arc(url: url), client: client)
            }
        }
        if let url = surroundings.variable("MSI_ENDPOINT"), surroundings.variable("MSI_SECRET") == nil {
            return ManagedIdentity(server: .cloudShell(url: url), client: nil)
        }
        let named = surroundings.variable("AZURE_POD_IDENTITY_AUTHORITY_HOST")
        guard named != nil || mayBeInAzure(surroundings) else { return nil }
        var origin = named ?? "http://169.254.169.254"
        while origin.hasSuffix("/") { origin.removeLast() }
        guard await answers(origin, surroundings.caller) else { return nil }
        return ManagedIdentity(server: .instanceMetadata(origin: origin), client: client)
    }

    /// Elsewhere nobody answers at the address of the metadata service, and everybody would wait for that.
    private static func mayBeInAzure(_ surroundings: AzureSurroundings) -> Bool {
        guard let tag = try? surroundings.read(surroundings.chassisTagFile, limit: 256) else { return true }
        return String(decoding: tag, as: UTF8.self).contains("7783-7084-3265-9085-8269-3286-77")
    }

    /// A request without the header that it insists on is refused at once by the real one, and costs nothing.
    private static func answers(_ origin: String, _ caller: HTTPCaller) async -> Bool {
        let second = TimeSpan.seconds(1)
        let request = HTTPRequest(
            .get, "\(origin)/metadata/identity/oauth2/token", timeout: second, connectTimeout: second)
        guard let answer = try? await caller.client.send(request) else { return false }
        return answer.status == 400 || answer.status == 200
    }
}

import FoundationEssentials
import SkyCore
import SkyHTTP

/// What `az login` left: who, and the token by which others are had without asking again. Its file is never written to.
struct CommandLineLogin: Sendable {
    static let fileName = "msal_token_cache.json"
    /// Azure's command line itself, which every tenant knows.
    static let client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

    let tenant: String
    let refreshToken: Secret

    private struct File: Decodable {
        struct Account: Decodable {
            let home_account_id: String
            let username: String
        }
        struct Token: Decodable {
            let home_account_id: String
            let client_id: String
            let secret: String
        }

        let Account: [String: Account]?
        let RefreshToken: [String: Token]?
    }

    /// Nil when the file is not there (elsewhere than on Linux it is encrypted), or has no such login.
    init?(user: String, tenant: String, _ surroundings: AzureSurroundings) throws(CredentialFailure) {
        let path = "\(surroundings.commandLineFolder)/\(Self.fileName)"
        guard let bytes = try surroundings.read(path) else { return nil }
        let file = try TokenAnswer.read(File.self, from: bytes, source: path)
        let accounts = Set(
            (file.Account ?? [:]).values.filter { $0.username.lowercased() == user.lowercased() }
                .map(\.home_account_id))
        let tokens = (file.RefreshToken ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        guard let token = tokens.first(where: { accounts.contains($0.home_account_id) && $0.client_id == Self.client })
        else { return nil }
        self.tenant = tenant
        refreshToken = Secret(token.secret)
    }
}

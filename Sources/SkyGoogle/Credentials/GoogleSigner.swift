import FoundationEssentials
public import SkyCore
public import SkyHTTP

/// Signs as a service account, with RSA and SHA-256: by its key, or by the service that keeps keys of all accounts.
public struct GoogleSigner: Sendable {
    public typealias Sign = @Sendable ([UInt8]) async throws(CredentialFailure) -> [UInt8]

    /// The account's e-mail address.
    public let account: String
    /// How long what it signs is good, at the most.
    public let longest: TimeSpan
    private let body: Sign

    public init(account: String, longest: TimeSpan, _ body: @escaping Sign) {
        self.account = account
        self.longest = longest
        self.body = body
    }

    public func sign(_ message: [UInt8]) async throws(CredentialFailure) -> [UInt8] { try await body(message) }
}

/// Has Google sign as a service account whose key nobody has
/// (https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob).
actor AccountSigning {
    private let url: String
    private let account: String
    private let delegates: [String]
    private let surroundings: GoogleSurroundings
    private let ask: @Sendable () async throws(CredentialFailure) -> GoogleToken
    private var kept: GoogleToken?

    /// - Parameters:
    ///   - url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/EMAIL:signBlob`
    ///   - token: of whoever may have it sign.
    init(
        url: String, account: String, delegates: [String] = [], surroundings: GoogleSurroundings,
        token: @escaping @Sendable () async throws(CredentialFailure) -> GoogleToken
    ) {
        self.url = url
        self.account = account
        self.delegates = delegates
        self.surroundings = surroundings
        ask = token
    }

    /// Google changes the keys by itself, and vouches for twelve hours.
    nonisolated var signer: GoogleSigner {
        GoogleSigner(account: account, longest: .seconds(12 * 3600)) { message throws(CredentialFailure) in
            try await self.sign(message)
        }
    }

    private func sign(_ message: [UInt8]) async throws(CredentialFailure) -> [UInt8] {
        struct Question: Encodable {
            let payload: String
            let delegates: [String]
        }
        struct Answer: Decodable { let signedBlob: String }
        let token = try await token()
        var exchange = TokenExchange(
            url: url, hint: "It takes the right iam.serviceAccounts.signBlob on \(account)",
            surroundings: surroundings)
        exchange.authorization = Secret("Bearer \(token.secret.reveal())")
        let question = Question(payload: Data(message).base64EncodedString(), delegates: delegates)
        let body = (try? JSONEncoder().encode(question)).map { Array($0) } ?? []
        let said = try await exchange.send(body, as: "application/json", secrets: [token.secret])
        let answer = try CredentialReader.decode(Answer.self, from: said, "the answer of \(url)")
        guard let signature = Data(base64Encoded: answer.signedBlob) else {
            throw CredentialFailure(.refused, "the answer of \(url): 'signedBlob' is not Base64")
        }
        return Array(signature)
    }

    private func token() async throws(CredentialFailure) -> GoogleToken {
        if let kept, surroundings.now() + .seconds(300) < kept.expires { return kept }
        let token = try await ask()
        kept = token
        return token
    }
}

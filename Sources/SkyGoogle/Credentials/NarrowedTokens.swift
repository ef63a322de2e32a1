import FoundationEssentials
public import SkyCore
public import SkyHTTP

/// Makes tokens that let read one object and do nothing else, of the tokens that whoever speaks has
/// (https://cloud.google.com/iam/docs/downscoping-short-lived-credentials).
public struct NarrowedTokens: Sendable {
    private let tokens: any BearerTokenSource
    private let surroundings: GoogleSurroundings

    /// A token that ends sooner is renewed first, where that can be: who gets one cannot renew it.
    private static let least = TimeSpan.seconds(1800)

    public init(_ tokens: any BearerTokenSource, in surroundings: GoogleSurroundings) {
        self.tokens = tokens
        self.surroundings = surroundings
    }

    /// It ends when the token ends that it is made of.
    ///
    /// - Throws: `.refused` where tokens of whoever speaks cannot be narrowed: those of a workforce pool, and narrowed ones.
    public func token(reading object: String, of bucket: String) async throws(CredentialFailure) -> Secret {
        struct Answer: Decodable { let access_token: Secret }
        let token: Secret
        if let source = tokens as? GoogleTokenSource {
            token = try await source.token(lasting: Self.least)
        } else {
            token = try await tokens.token()
        }
        let kind = "urn:ietf:params:oauth:token-type:access_token"
        let form: [(name: String, value: String)] = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token_type", kind),
            ("requested_token_type", kind), ("subject_token", token.reveal()),
            ("options", try Self.options(object, bucket)),
        ]
        let exchange = TokenExchange(url: "\(surroundings.exchangeURL)/v1/token", surroundings: surroundings)
        let body = try await exchange.send(form: form, secrets: [token])
        // How long it lasts is left out for people's tokens.
        return try CredentialReader.decode(Answer.self, from: body, "the answer of \(exchange.url)").access_token
    }

    private static func options(_ object: String, _ bucket: String) throws(CredentialFailure) -> String {
        let place = "projects/_/buckets/\(bucket)"
        // A text of the Common Expression Language.
        let name = "\(place)/objects/\(object)".replacing("\\", with: #"\\"#).replacing("'", with: #"\'"#)
        let rule = Rule(
            availableResource: "//storage.googleapis.com/\(place)",
            availabilityCondition: Rule.Condition(expression: "resource.name == '\(name)'"))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let text = try? encoder.encode(Options(accessBoundary: Boundary(accessBoundaryRules: [rule]))),
            text.count <= 2048
        else { throw CredentialFailure(.refused, "the name of the object is too long for a token that reads just it") }
        return String(decoding: text, as: UTF8.self)
    }

    private struct Options: Encodable { let accessBoundary: Boundary }
    private struct Boundary: Encodable { let accessBoundaryRules: [Rule] }

    private struct Rule: Encodable {
        let availableResource: String
        let availablePermissions = ["inRole:roles/storage.objectViewer"]
        let availabilityCondition: Condition

        struct Condition: Encodable { let expression: String }
    }
}

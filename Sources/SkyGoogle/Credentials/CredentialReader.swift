import FoundationEssentials
import SkyHTTP

/// Reads a file of application-default credentials, of whichever kind.
enum CredentialReader {
    /// - Parameter place: where it was found, for people.
    static func read(_ bytes: [UInt8], from place: String) throws(CredentialFailure) -> any GoogleCredential {
        struct Beginning: Decodable {
            let type: String
            let universe_domain: String?
        }
        let beginning = try decode(Beginning.self, from: bytes, place)
        if let universe = beginning.universe_domain, universe != "googleapis.com" {
            throw CredentialFailure(
                .refused, "\(place): is for the cloud '\(universe)', and only that of googleapis.com is known here")
        }
        switch beginning.type {
        case "authorized_user": return try decode(AuthorizedUser.self, from: bytes, place)
        case "service_account": return try decode(ServiceAccountKey.self, from: bytes, place)
        case "external_account": return try decode(ExternalAccount.self, from: bytes, place)
        case "external_account_authorized_user": return try decode(ExternalUser.self, from: bytes, place)
        case "impersonated_service_account": return try impersonated(bytes, place)
        default:
            throw CredentialFailure(
                .refused,
                "\(place): 'type' is '\(beginning.type.prefix(40))', and known are authorized_user, service_account, "
                    + "external_account, external_account_authorized_user and impersonated_service_account")
        }
    }

    private static func impersonated(
        _ bytes: [UInt8], _ place: String
    ) throws(CredentialFailure) -> ImpersonatedAccount {
        struct Source: Decodable {
            struct Kind: Decodable { let type: String }
            let source_credentials: Kind
        }
        struct Whole<Base: Decodable>: Decodable { let source_credentials: Base }
        let kind = try decode(Source.self, from: bytes, place).source_credentials.type
        let base: any GoogleCredential
        switch kind {
        case "authorized_user": base = try decode(Whole<AuthorizedUser>.self, from: bytes, place).source_credentials
        case "service_account": base = try decode(Whole<ServiceAccountKey>.self, from: bytes, place).source_credentials
        case "external_account": base = try decode(Whole<ExternalAccount>.self, from: bytes, place).source_credentials
        case "external_account_authorized_user":
            base = try decode(Whole<ExternalUser>.self, from: bytes, place).source_credentials
        default:
            throw CredentialFailure(.refused, "\(place): 'source_credentials' of the type '\(kind)' cannot impersonate")
        }
        return ImpersonatedAccount(try decode(ImpersonatedAccount.Form.self, from: bytes, place), base: base)
    }

    /// Says what is missing or of the wrong kind, and nothing of the content, which holds secrets.
    static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], _ place: String
    ) throws(CredentialFailure) -> Value {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw CredentialFailure(.refused, "\(place): \(reason(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        switch error as? DecodingError {
        case .keyNotFound(let key, let context):
            let whole = (context.codingPath.map(\.stringValue) + [key.stringValue]).joined(separator: ".")
            return "'\(whole)' is missing"
        case .valueNotFound(_, let context), .typeMismatch(_, let context):
            return "'\(path(context))' is not of the kind that was expected"
        default: return "is not the JSON that was expected"
        }
    }
}

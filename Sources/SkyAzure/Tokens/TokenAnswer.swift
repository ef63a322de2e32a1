import FoundationEssentials
import SkyCore
import SkyHTTP

/// The forms in which tokens, and refusals of them, are given.
enum TokenAnswer {
    private struct Given: Decodable {
        let access_token: String
        /// Whole seconds; a number from the token endpoint, a text from the machine's own services.
        let expires_in: FlexibleNumber?
        /// In seconds since 1970.
        let expires_on: FlexibleNumber?
    }

    private struct Refusal: Decodable {
        let error: String?
        let error_description: String?
    }

    /// - Parameter source: who was asked, for people.
    static func token(_ response: HTTPResponse, source: String, now: Instant) throws(CredentialFailure) -> AccessToken {
        guard response.status == 200 else { throw refusal(response, source: source) }
        let given = try read(Given.self, from: response.body, source: source)
        let end =
            given.expires_on.map { Instant(millisecondsSince1970: $0.value * 1000) }
            ?? now + .seconds(given.expires_in?.value ?? 0)
        return AccessToken(Secret(given.access_token), expires: end)
    }

    /// In the service's own words. `AADSTS7000215: Invalid client secret provided. …` and what comes after the first line are
    /// times and numbers for its makers.
    static func refusal(_ response: HTTPResponse, source: String) -> CredentialFailure {
        let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(response.body))
        let said = refusal?.error_description.map { String($0.prefix { !$0.isNewline }) } ?? ""
        let details = ["HTTP \(response.status)", refusal?.error ?? "", said].filter { !$0.isEmpty }
        let kind: CredentialFailure.Kind = response.mayPass ? .noAnswer : .refused
        return CredentialFailure(kind, "\(source): \(details.joined(separator: ", "))\(hint(said))")
    }

    /// What to type, for the refusals that people meet.
    private static func hint(_ said: String) -> String {
        switch said.prefix(while: { $0 != ":" }) {
        case "AADSTS7000215", "AADSTS7000222":
            ". The secret is wrong or has ended; make another: az ad app credential reset"
        case "AADSTS700082", "AADSTS50173", "AADSTS70043", "AADSTS50078", "AADSTS50076", "AADSTS65001", "AADSTS70008":
            ". Type: az login"
        case "AADSTS90002", "AADSTS900023": ". Is AZURE_TENANT_ID right?"
        case "AADSTS700016": ". Is AZURE_CLIENT_ID right, and in this tenant?"
        default: ""
        }
    }

    /// The error says nothing of the content, which holds secrets.
    static func read<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], source: String
    ) throws(CredentialFailure) -> Value {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw CredentialFailure(.refused, "\(source): what it gives is not the JSON that was expected")
        }
    }
}

/// `3599` and `"3599"`.
private struct FlexibleNumber: Decodable {
    let value: Int64

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int64.self) {
            value = number
        } else {
            value = Int64(try container.decode(String.self)) ?? 0
        }
    }
}

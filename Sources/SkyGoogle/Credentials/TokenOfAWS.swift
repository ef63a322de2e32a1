import FoundationEssentials
import SkyAWS
import SkyCore
import SkyHTTP

/// A workload on AWS: the token is a signed request to AWS's own "who am I", which Google sends on.
struct TokenOfAWS: Sendable, Decodable {
    let regional_cred_verification_url: String
    let region_url: String?

    func token(
        for purpose: SubjectTokenSource.Purpose, in surroundings: GoogleSurroundings
    ) async throws(CredentialFailure) -> Secret {
        let credentials: AWSCredentials
        let settings: AWSSettings
        do {
            let around = AWSSurroundings(
                environment: surroundings.environment, caller: surroundings.caller, now: surroundings.now)
            settings = try AWSSettings(in: around)
            credentials = try await CredentialSource(settings).credentials().credentials
        } catch {
            throw CredentialFailure(error.kind == .noAnswer ? .noAnswer : .missing, error.message)
        }
        var region = settings.region
        if region == nil { region = try await ownRegion(surroundings) }
        guard let region else {
            throw CredentialFailure(.missing, "this machine's AWS region is not known: export AWS_REGION=us-east-1")
        }
        let url = regional_cred_verification_url.replacing("{region}", with: region)
        return signed(url, region: region, credentials, purpose, at: surroundings.now())
    }

    /// The metadata service tells the zone: the region and one letter.
    private func ownRegion(_ surroundings: GoogleSurroundings) async throws(CredentialFailure) -> String? {
        guard let region_url else { return nil }
        let exchange = TokenExchange(url: region_url, surroundings: surroundings)
        let zone = try await exchange.ask(HTTPRequest(.get, region_url), tries: 3, each: .seconds(2))
        return zone.isEmpty ? nil : String(decoding: zone.dropLast(), as: UTF8.self)
    }

    private func signed(
        _ url: String, region: String, _ credentials: AWSCredentials, _ purpose: SubjectTokenSource.Purpose,
        at now: Instant
    ) -> Secret {
        let parts = url.split(separator: "?", maxSplits: 1)
        let address = parts.first ?? ""
        let slash = address.dropFirst(8).firstIndex(of: "/") ?? address.endIndex
        let query = (parts.dropFirst().first ?? "").split(separator: "&").map { part in
            let pair = part.split(separator: "=", maxSplits: 1)
            return AWSRequest.Parameter(String(pair.first ?? ""), String(pair.dropFirst().first ?? ""))
        }
        let request = AWSRequest(
            .post, origin: String(address[..<slash]), path: slash == address.endIndex ? "/" : String(address[slash...]),
            query: query,
            headers: ["x-goog-cloud-target-resource": purpose.audience])
        let signed = SignatureV4(credentials, region: region, service: "sts").sign(request, at: now)
        struct Header: Encodable {
            let key: String
            let value: String
        }
        struct Message: Encodable {
            let url: String
            let method: String
            let headers: [Header]
        }
        let message = Message(
            url: url, method: "POST",
            headers: signed.headers.fields.map { Header(key: $0.name, value: $0.value) })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: (try? encoder.encode(message)) ?? Data(), as: UTF8.self)
        return Secret(PercentEncoding.encode(text))
    }
}

public import SkyCore
public import SkyGoogle
public import SkyHTTP

/// Lets others read just one object of Google's: by a signed address where whoever speaks is a service account, and else by a token
/// that is narrowed to the object.
public actor GCSGrants {
    public typealias FindSigner = @Sendable () async throws(CredentialFailure) -> GoogleSigner?

    private let findSigner: FindSigner
    private let narrowed: NarrowedTokens
    private let now: @Sendable () -> Instant
    private var signer: GoogleSigner?
    private var refusals: [Way: Refusal] = [:]

    private enum Way: CaseIterable { case signature, token }

    private struct Refusal {
        let reason: String
        let until: Instant
    }

    /// Rights are given, and services come back, while a driver runs.
    private static func memory(of failure: CredentialFailure) -> TimeSpan {
        failure.kind == .noAnswer ? .seconds(60) : .seconds(600)
    }

    /// - Parameters:
    ///   - signer: nil where whoever speaks is no service account.
    ///   - narrowed: of the tokens that the store is spoken to with.
    public init(
        signer: @escaping FindSigner, narrowed: NarrowedTokens, now: @escaping @Sendable () -> Instant
    ) {
        findSigner = signer
        self.narrowed = narrowed
        self.now = now
    }

    /// - Throws: why there is none. What was refused is not asked for again for a while.
    func grant(
        for url: ObjectURL, at endpoint: String, lasting span: TimeSpan
    ) async throws(CredentialFailure) -> ReadGrant {
        for way in Way.allCases {
            if let refusal = refusals[way], now() < refusal.until { continue }
            do throws(CredentialFailure) {
                let grant: ReadGrant
                switch way {
                case .signature: grant = try await signed(url, at: endpoint, lasting: span)
                case .token: grant = try await withToken(url, at: endpoint)
                }
                refusals[way] = nil
                return grant
            } catch {
                if error.kind == .cancelled { throw error }
                refusals[way] = Refusal(reason: error.message, until: now() + Self.memory(of: error))
            }
        }
        throw CredentialFailure(.refused, Way.allCases.compactMap { refusals[$0]?.reason }.joined(separator: "; "))
    }

    private func signed(
        _ url: ObjectURL, at endpoint: String, lasting span: TimeSpan
    ) async throws(CredentialFailure) -> ReadGrant {
        if signer == nil { signer = try await findSigner() }
        guard let signer else { throw CredentialFailure(.missing, "only service accounts can sign addresses") }
        let signature = GCSSignature(
            of: url, at: endpoint, by: signer.account, now: now(), lasting: min(span, signer.longest))
        let address = signature.address(with: try await signer.sign(Array(signature.text.utf8)))
        return ReadGrant(url: address, headers: [GCSClient.asStored])
    }

    private func withToken(_ url: ObjectURL, at endpoint: String) async throws(CredentialFailure) -> ReadGrant {
        let token = try await narrowed.token(reading: url.key, of: url.bucket).reveal()
        return ReadGrant(
            url: GCSClient.contentAddress(of: url, at: endpoint),
            headers: [Secret("Authorization: Bearer \(token)"), GCSClient.asStored])
    }
}

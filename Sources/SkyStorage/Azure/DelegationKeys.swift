import SkyAWS
import SkyCore
import SkyHTTP

/// Signs for others in the name of whoever has a token (a user delegation key): lets them do what both he and the signature may.
struct DelegationKey: Sendable {
    let objectID: String
    let tenantID: String
    let start: String
    let expiry: String
    let service: String
    let version: String
    /// In Base64.
    let value: Secret
    let end: Instant

    /// As signatures have them, in the order in which they are signed.
    var fields: [(name: String, value: String)] {
        [
            ("skoid", objectID), ("sktid", tenantID), ("skt", start), ("ske", expiry), ("sks", service),
            ("skv", version),
        ]
    }

    /// Nil for an answer that is none.
    init?(_ answer: XMLElement) {
        guard let objectID = answer.text("SignedOid"), let tenantID = answer.text("SignedTid"),
            let start = answer.text("SignedStart"), let expiry = answer.text("SignedExpiry"),
            let service = answer.text("SignedService"), let version = answer.text("SignedVersion"),
            let value = answer.text("Value"), let end = Instant(iso8601: expiry)
        else { return nil }
        self.objectID = objectID
        self.tenantID = tenantID
        self.start = start
        self.expiry = expiry
        self.service = service
        self.version = version
        self.value = Secret(value)
        self.end = end
    }
}

/// Keeps one key in memory for as long as it lasts.
actor DelegationKeys {
    private var key: DelegationKey?
    private var refusal: (reason: String, until: Instant)?

    /// The service gives keys for a week; a little less, as clocks differ.
    static let longest = TimeSpan.seconds(7 * 86_400 - 600)

    /// One that is good for `span` from now on.
    ///
    /// - Parameter ask: for a new one, that ends then.
    /// - Throws: that whoever asks may have none, for ten minutes without asking again.
    func key(
        lasting span: TimeSpan, now: Instant,
        _ ask: @Sendable (_ end: Instant) async throws(StorageError) -> DelegationKey
    ) async throws(StorageError) -> DelegationKey {
        if let key, now + span <= key.end { return key }
        if let refusal, now < refusal.until {
            throw .service(ServiceError(.refused, code: Self.refused, refusal.reason))
        }
        do {
            // Longer than it must: those who ask next get the same.
            let life = min(max(span + .hour, .seconds(6 * 3600)), Self.longest)
            let key = try await ask(now + life)
            self.key = key
            return key
        } catch .service(let error) where error.kind == .refused {
            refusal = (error.message, now + .seconds(600))
            throw .service(ServiceError(.refused, code: Self.refused, error.message))
        }
    }

    /// The code of that failure.
    static let refused = "NoDelegationKey"
}

public import SkyCore
import SkyHTTP

extension GCSClient {
    /// Lets read just the object, where that can be had; else it is the token itself, which ends within the hour.
    public func grant(for url: ObjectURL, lasting: TimeSpan) async throws(StorageError) -> ReadGrant? {
        let address = Self.contentAddress(of: url, at: endpoint)
        guard let tokens else { return ReadGrant(url: address, headers: [Self.asStored]) }
        do throws(CredentialFailure) {
            var excess = "nothing but a token is known here"
            if let grants {
                do throws(CredentialFailure) {
                    return try await grants.grant(for: url, at: endpoint, lasting: lasting)
                } catch {
                    if error.kind == .cancelled { throw error }
                    excess = error.message
                }
            }
            let token = try await tokens.token().reveal()
            return ReadGrant(
                url: address, headers: [Secret("Authorization: Bearer \(token)"), Self.asStored], excess: excess)
        } catch {
            throw StorageError(error)
        }
    }

    static func contentAddress(of url: ObjectURL, at endpoint: String) -> Secret {
        var call = GCSCall(.get, url)
        call.query = [("alt", "media")]
        return Secret(call.url(at: endpoint))
    }

    /// What was put compressed would otherwise come unpacked.
    static let asStored = Secret("Accept-Encoding: gzip")

    /// Only sessions let others write.
    public func writeGrant(
        for file: FileFingerprint, at url: ObjectURL, lasting: TimeSpan
    ) async throws(StorageError) -> WriteGrant? { nil }

    /// The session's address is all that it takes; it lasts a week.
    public func writeGrant(
        forPart number: Int, of upload: String, to url: ObjectURL, _ file: FileFingerprint, lasting: TimeSpan
    ) async throws(StorageError) -> WriteGrant? {
        let bytes = PartPlan(size: file.size, rules)[number - 1]
        let range = "Content-Range: bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(file.size)"
        return WriteGrant(bytes, url: Secret(upload), headers: [range])
    }
}

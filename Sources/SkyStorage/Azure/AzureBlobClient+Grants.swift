import SkyAWS
public import SkyCore
import SkyHTTP

extension AzureBlobClient {
    /// With a key of the account, or one that is given for a token: a signature for just this blob. Else what we have ourselves: a
    /// signature, or a token that ends within the hour.
    public func grant(for url: ObjectURL, lasting: TimeSpan) async throws(StorageError) -> ReadGrant? {
        let address = address(of: url)
        switch identity.proof {
        case .key, .tokens:
            do {
                guard let signed = try await signed(url, "r", for: lasting) else { return nil }
                return ReadGrant(url: Secret(signed))
            } catch .service(let error) where error.code == DelegationKeys.refused {
                return try await tokenGrant(address, excess: error.message)
            }
        case .signature(let signature):
            return ReadGrant(
                url: Secret("\(address)?\(signature.reveal())"),
                excess: "of a shared access signature nothing narrower can be made")
        case .none: return ReadGrant(url: Secret(address), headers: [Self.versionHeader])
        }
    }

    /// Nil where what we have lets write everything, and longer.
    public func writeGrant(
        for file: FileFingerprint, at url: ObjectURL, lasting: TimeSpan
    ) async throws(StorageError) -> WriteGrant? {
        guard let address = try await signedForWriting(url, "c", for: lasting) else { return nil }
        let headers = [
            "x-ms-blob-type: BlockBlob", "\(Self.digestHeader): \(file.whole.hex)", "If-None-Match: *",
            "Content-MD5: \(file.checksums[0])",
        ]
        return WriteGrant(0..<file.size, url: Secret(address), headers: headers)
    }

    public func writeGrant(
        forPart number: Int, of upload: String, to url: ObjectURL, _ file: FileFingerprint, lasting: TimeSpan
    ) async throws(StorageError) -> WriteGrant? {
        guard let address = try await signedForWriting(url, "w", for: lasting) else { return nil }
        let name = PercentEncoding.encode(Self.name(upload, number))
        return WriteGrant(
            PartPlan(size: file.size, rules)[number - 1], url: Secret("\(address)&comp=block&blockid=\(name)"),
            headers: ["Content-MD5: \(file.checksums[number - 1])"])
    }

    private static let versionHeader = Secret("x-ms-version: \(version)")

    func address(of url: ObjectURL) -> String {
        let path = url.key.isEmpty ? "/\(url.container)" : "/\(url.container)/\(url.key)"
        return identity.endpoint + PercentEncoding.encode(path, keepingSlashes: true)
    }

    private func tokenGrant(_ address: String, excess: String) async throws(StorageError) -> ReadGrant? {
        guard case .tokens(let source) = identity.proof else { return nil }
        do throws(CredentialFailure) {
            let token = try await source.token().reveal()
            return ReadGrant(
                url: Secret(address), headers: [Secret("Authorization: Bearer \(token)"), Self.versionHeader],
                excess: excess)
        } catch {
            throw StorageError(error)
        }
    }

    private func signedForWriting(
        _ url: ObjectURL, _ permissions: String, for lifetime: TimeSpan
    ) async throws(StorageError) -> String? {
        do {
            return try await signed(url, permissions, for: lifetime)
        } catch .service(let error) where error.code == DelegationKeys.refused {
            return nil
        }
    }

    /// The address with a signature; nil where there is nothing to sign with.
    private func signed(
        _ url: ObjectURL, _ permissions: String, for lifetime: TimeSpan
    ) async throws(StorageError) -> String? {
        try await query(for: url, permissions, for: lifetime).map { "\(address(of: url))?\($0)" }
    }

    /// A signature for just this blob, or the whole container where the key is empty; nil where there is nothing to sign with.
    func query(
        for url: ObjectURL, _ permissions: String, for lifetime: TimeSpan
    ) async throws(StorageError) -> String? {
        let span = min(lifetime, DelegationKeys.longest)
        let account = identity.account
        let signature = BlobSignature(permissions, for: url, of: account, until: now() + span)
        switch identity.proof {
        case .key(let key): return signature.query(signedBy: key, of: account)
        case .tokens:
            let key = try await keys.key(lasting: span, now: now()) { end async throws(StorageError) in
                try await self.delegationKey(until: end)
            }
            return signature.query(signedBy: key, of: account)
        case .signature, .none: return nil
        }
    }

    /// https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key
    private func delegationKey(until end: Instant) async throws(StorageError) -> DelegationKey {
        var call = AzureCall(.post, ObjectURL(.az, bucket: identity.account, key: ""))
        call.query = [("restype", "service"), ("comp", "userdelegationkey")]
        call.headers["Content-Type"] = "application/xml"
        // Before now: the service's clock may be behind.
        let start = BlobSignature.text(of: now() + .seconds(-300))
        call.body = .bytes(
            Array(
                """
                <?xml version="1.0" encoding="utf-8"?><KeyInfo><Start>\(start)</Start>\
                <Expiry>\(BlobSignature.text(of: end))</Expiry></KeyInfo>
                """.utf8))
        let answer = try answer(try await expect(call), to: call)
        guard let key = DelegationKey(answer) else {
            throw .service(
                ServiceError(.badAnswer, "\(call.asked): the answer is no key that others can be let in with"))
        }
        return key
    }
}

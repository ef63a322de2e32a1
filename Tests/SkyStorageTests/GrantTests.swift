import FoundationEssentials
import SkyCore
import SkyHTTP
import SkyTestSupport
import Testing

@testable import SkyStorage

@Suite("Grants let read one object", .timeLimit(.minutes(10)))
struct GrantTests {
    /// What whoever has the grant gets from an address, with nothing but what the grant says.
    private func get(_ url: String, _ grant: ReadGrant, part: String? = nil) async throws -> HTTPResponse {
        var headers: HTTPHeaders = [:]
        for line in grant.headers.map({ $0.reveal() }) {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[String(parts[0])] = String(parts[1].dropFirst())
        }
        if let part { headers["Range"] = "bytes=\(part)" }
        return try await HTTPClient().send(HTTPRequest(.get, url, headers: headers))
    }

    @Test(
        "the object that they are for, whatever its name, all or in part, and no other", arguments: StoreKind.granting)
    func reading(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            for key in ["in/a", "in/a&b=c d/ü'+%.txt"] {
                _ = try await at.put("content", at: key)
                _ = try await at.put("others'", at: "\(key)2")
                let grant = try #require(try await at.store.grant(for: at.url(key), lasting: .hour))
                #expect(grant.excess == nil)
                let address = grant.url.reveal()
                let answer = try await get(address, grant)
                #expect(answer.status == 200 && answer.text == "content", "\(answer.status) \(answer.text)")
                let part = try await get(address, grant, part: "3-5")
                #expect(part.status == 206 && part.text == "ten", "\(part.status) \(part.text)")
                let end = address.firstIndex(of: "?") ?? address.endIndex
                let other = try await get("\(address[..<end])2\(address[end...])", grant)
                #expect(other.status == 403, "\(other.status) \(other.text)")
            }
        }
    }

    @Test("of an emulated service that is told to refuse", arguments: [["sign"], ["exchange"], ["sign", "exchange"]])
    func refusedByGoogle(refused: [String]) async throws {
        let server = try LoopbackGCS.own()
        let list = refused.map { "\"\($0)\"" }.joined(separator: ",")
        try await tell(server, "[\(list)]")
        let bucket = ObjectURL(.gs, bucket: "refused", key: "")
        let store = try await ObjectFixture.google(server, as: .account)
        try await store.make(BucketSpec(bucket, region: "us-east1"))
        try await store.put(
            Array("content".utf8), digest: ArtifactDigest(hashing: []), at: bucket.with(key: "a"), existing: .keep)
        let grant = try #require(try await store.grant(for: bucket.with(key: "a"), lasting: .hour))
        // A token that is narrowed stands in for a signature; for that, nothing does.
        #expect(grant.url.reveal().contains("X-Goog-Signature") == !refused.contains("sign"))
        #expect(try await get(grant.url.reveal(), grant).text == "content")
        let isWide = grant.headers.contains(Secret("Authorization: Bearer \(LoopbackGCS.token)"))
        #expect(isWide == (refused.count == 2))
        #expect((grant.excess != nil) == isWide)
        if let excess = grant.excess {
            #expect(excess.contains("It takes the right iam.serviceAccounts.signBlob on robot@acme.iam.example"))
            #expect(excess.contains("The given token cannot be narrowed"), "\(excess)")
        }
    }

    @Test("Google's signed addresses end", arguments: [ObjectFixture.Account.key, .account])
    func ended(account: ObjectFixture.Account) async throws {
        let server = try await LoopbackGCS.shared()
        let store = try await ObjectFixture.google(server, as: account) { ObjectFixture.now() + .seconds(-7200) }
        let grant = try #require(
            try await store.grant(for: ObjectURL(.gs, bucket: "any", key: "a"), lasting: .seconds(7100)))
        let answer = try await get(grant.url.reveal(), grant)
        #expect(answer.status == 400 && answer.text.contains("ExpiredToken"), "\(answer.status) \(answer.text)")
    }

    private func tell(_ server: LoopbackEmulator, _ refusals: String) async throws {
        let told = HTTPRequest(.post, "\(server.url)/_refuse", body: .bytes(Array(refusals.utf8)))
        #expect(try await HTTPClient().send(told).isSuccess)
    }

    private func azureByToken(_ server: LoopbackEmulator) -> AzureBlobClient {
        ObjectFixture.azure(server, .tokens(ObjectFixture.FixedToken(secret: Secret(LoopbackAzure.token))))
    }

    private let blob = ObjectURL(.az, bucket: "\(LoopbackAzure.account)/kept", key: "a")

    @Test("Azure's key for signing is asked for once, and again when a grant is to last longer than it")
    func delegationKey() async throws {
        let server = try LoopbackAzure.own()
        let store = azureByToken(server)
        func signedWith(_ span: TimeSpan) async throws -> String {
            let grant = try #require(try await store.grant(for: blob, lasting: span))
            return try #require(grant.url.reveal().split(separator: "&").first { $0.hasPrefix("skoid=") }).description
        }
        let first = try await signedWith(.hour)
        for _ in 0..<5 { #expect(try await signedWith(.hour) == first) }
        let longer = try await signedWith(.seconds(7 * 86_400 - 1))
        #expect(longer != first)
        // It serves for shorter ones too.
        #expect(try await signedWith(.hour) == longer)
        let log = try await HTTPClient().send(HTTPRequest(.get, "\(server.url)/_log")).text
        #expect(log.split(separator: "POST ").count - 1 == 2, "\(log)")
    }

    @Test("Azure's signatures by token end")
    func endedAzure() async throws {
        let store = azureByToken(try await LoopbackAzure.shared())
        let grant = try #require(try await store.grant(for: blob, lasting: .seconds(-5)))
        let answer = try await get(grant.url.reveal(), grant)
        #expect(answer.status == 403 && answer.text.contains("not valid in the specified time frame"))
    }

    @Test("whoever gets no such key hands on a token to nodes of runs only, and asks no more for a while")
    func refusedByAzure() async throws {
        let server = try LoopbackAzure.own()
        try await tell(server, "true")
        let store = azureByToken(server)
        for _ in 0..<3 {
            let grant = try #require(try await store.grant(for: blob, lasting: .hour))
            #expect(grant.excess?.contains("not authorized to perform this operation") == true)
            #expect(try await !store.hasNarrowGrants(for: blob))
        }
        let log = try await HTTPClient().send(HTTPRequest(.get, "\(server.url)/_log")).text
        #expect(log.split(separator: "POST /\(LoopbackAzure.account)/").count - 1 == 1, "\(log)")
    }

    @Test("a signature of one's own cannot be narrowed")
    func ownSignature() async throws {
        let store = ObjectFixture.azure(try await LoopbackAzure.shared(), .signature(Secret("sig=own")))
        #expect(try await store.grant(for: blob, lasting: .hour)?.excess != nil)
        #expect(try await !store.hasNarrowGrants(for: blob))
    }
}

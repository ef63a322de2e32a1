import FoundationEssentials
import SkyCore
import SkyGoogle
import SkyHTTP
import SkyTestSupport
import Testing

@testable import SkyStorage

/// A store that tests are held to, by the way somebody is let in.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case google = "Google Cloud Storage"
    case googleKey = "Google by a service account's key"
    case googleAccount = "Google as a service account whose key nobody has"
    case azureKey = "Azure by account key"
    case azureToken = "Azure by token"
    case s3 = "S3"

    var testDescription: String { rawValue }

    /// Also those that differ in how others are let in, and in nothing else.
    static var granting: [StoreKind] { allCases.filter { $0 != .s3 || LoopbackS3.canRun } }
    static var here: [StoreKind] { granting.filter { $0 != .googleKey && $0 != .googleAccount } }
}

/// A bucket of its own in a store on loopback, and a folder of this machine.
struct ObjectFixture {
    let store: any ObjectStore
    let bucket: ObjectURL
    let folder: String
    /// Nil for a real server.
    let emulator: LoopbackEmulator?

    static func use(_ kind: StoreKind, _ body: (ObjectFixture) async throws -> Void) async throws {
        let (store, bucket, emulator) = try await made(kind)
        try await withTemporaryFolder { folder in
            try await store.make(BucketSpec(bucket, region: "us-east1"))
            try await body(ObjectFixture(store: store, bucket: bucket, folder: folder, emulator: emulator))
        }
    }

    private static func made(
        _ kind: StoreKind
    ) async throws -> (any ObjectStore, ObjectURL, LoopbackEmulator?) {
        let name = "test-\(UInt64.random(in: 0 ... .max))"
        switch kind {
        case .s3:
            let server = try await LoopbackS3.shared()
            return (try S3Fixture.client(server.environment), ObjectURL(.s3, bucket: name, key: ""), nil)
        case .google:
            let server = try await LoopbackGCS.shared()
            return (google(server), ObjectURL(.gs, bucket: name, key: ""), server)
        case .googleKey, .googleAccount:
            let server = try await LoopbackGCS.shared()
            let store = try await google(server, as: kind == .googleKey ? .key : .account)
            return (store, ObjectURL(.gs, bucket: name, key: ""), server)
        case .azureKey, .azureToken:
            let server = try await LoopbackAzure.shared()
            let proof: AzureStorageIdentity.Proof =
                kind == .azureKey
                ? .key(Secret(LoopbackAzure.key)) : .tokens(FixedToken(secret: Secret(LoopbackAzure.token)))
            let bucket = ObjectURL(.az, bucket: "\(LoopbackAzure.account)/\(name)", key: "")
            return (azure(server, proof), bucket, server)
        }
    }

    /// By a token of a person.
    static func google(
        _ server: LoopbackEmulator, token: String = LoopbackGCS.token, now: @escaping @Sendable () -> Instant = now
    ) -> GCSClient {
        let tokens = FixedToken(secret: Secret(token))
        let surroundings = GoogleSurroundings(
            environment: ["CLOUDSDK_API_ENDPOINT_OVERRIDES_STS": server.url], caller: HTTPCaller(), now: now)
        return google(server, tokens, signer: { nil }, surroundings)
    }

    enum Account { case key, account }

    static func google(
        _ server: LoopbackEmulator, as account: Account, now: @escaping @Sendable () -> Instant = now
    ) async throws -> GCSClient {
        let key = try await HTTPClient().send(HTTPRequest(.get, "\(server.url)/_account")).text
        let file = account == .key ? key : LoopbackGCS.impersonation(at: server)
        return try await withTemporaryFolder { folder in
            let environment = [
                "CLOUDSDK_CONFIG": folder, "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS": server.url,
                "CLOUDSDK_AUTH_TOKEN_HOST": "\(server.url)/token",
            ]
            try Data(file.utf8).write(to: URL(filePath: "\(folder)/application_default_credentials.json"))
            let surroundings = GoogleSurroundings(environment: environment, caller: HTTPCaller(), now: now)
            // Found once, so that the file need not stay.
            let signer = try await GoogleTokenSource(surroundings).signer()
            return google(server, FixedToken(secret: Secret(LoopbackGCS.token)), signer: { signer }, surroundings)
        }
    }

    private static func google(
        _ server: LoopbackEmulator, _ tokens: FixedToken, signer: @escaping GCSGrants.FindSigner,
        _ surroundings: GoogleSurroundings
    ) -> GCSClient {
        let grants = GCSGrants(
            signer: signer, narrowed: NarrowedTokens(tokens, in: surroundings), now: surroundings.now)
        return GCSClient(
            tokens, project: { "acme" }, endpoint: server.url, grants: grants, caller: HTTPCaller())
    }

    static func azure(
        _ server: LoopbackEmulator, _ proof: AzureStorageIdentity.Proof, now: @escaping @Sendable () -> Instant = now
    ) -> AzureBlobClient {
        let account = LoopbackAzure.account
        let identity = AzureStorageIdentity(account: account, endpoint: "\(server.url)/\(account)", proof: proof)
        return AzureBlobClient(identity, caller: HTTPCaller(), now: now)
    }

    @Sendable static func now() -> Instant {
        Instant(millisecondsSince1970: Int64(Date().timeIntervalSince1970 * 1000))
    }

    struct FixedToken: BearerTokenSource {
        let secret: Secret
        func token() async throws(CredentialFailure) -> Secret { secret }
    }

    /// Longer than two parts of the store.
    var long: Int { Int(store.rules.smallestPart) * 2 + 12_345 }

    func url(_ key: String = "") -> ObjectURL { bucket.with(key: key) }

    func upload(_ path: String, _ key: String, existing: ExistingObject = .replace) -> ObjectUpload {
        ObjectUpload(store, from: path, to: url(key), existing: existing, state: "\(folder)/state")
    }

    func put(_ text: String, at key: String, existing: ExistingObject = .replace) async throws(StorageError) -> Bool {
        let bytes = Array(text.utf8)
        return try await store.put(bytes, digest: ArtifactDigest(hashing: bytes), at: url(key), existing: existing)
    }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
        return "\(folder)/\(name)"
    }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))) }

    func expectContent(_ content: [UInt8], at key: String) async throws -> Bool {
        let path = "\(folder)/check-\(UInt32.random(in: 0 ... .max))"
        _ = try await ObjectDownload(store, from: url(key), to: path).run()
        return Array(try Data(contentsOf: URL(filePath: path))) == content
    }

    /// Has the emulator fail as `object_server.py` says.
    func fail(_ fault: String) async throws {
        guard let emulator else { return }
        let request = HTTPRequest(.post, "\(emulator.url)/_faults", body: .bytes(Array(fault.utf8)))
        _ = try await HTTPClient().send(request)
    }
}

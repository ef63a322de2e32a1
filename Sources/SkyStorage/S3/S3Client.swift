public import SkyAWS
public import SkyCore
import SkyHTTP
import Synchronization

/// Speaks to S3, or to a server that speaks like it. Shared by all who work with one endpoint and one identity.
public final class S3Client: ObjectStore {
    let caller: HTTPCaller
    let credentials: CredentialSource
    let surroundings: AWSSurroundings
    /// Nil for AWS's own.
    private let endpoint: String?
    private let region: String
    /// Over all tries of a call; nil for as long as each call is worth.
    private let patience: TimeSpan?
    /// Where buckets turned out to be.
    private let regions = Mutex<[String: String]>([:])

    /// - Parameters:
    ///   - endpoint: `http://host:port` of a server that speaks like S3, if the settings' is not meant; buckets are then
    ///     the first part of the path.
    ///   - region: if the settings' is not meant. Buckets that are elsewhere are found there.
    ///   - patience: for callers who would rather do without: a call is tried twice, and that long.
    public init(
        _ settings: AWSSettings, endpoint: String? = nil, region: String? = nil, patience: TimeSpan? = nil
    ) {
        self.patience = patience
        surroundings = settings.surroundings
        caller = surroundings.caller
        credentials = CredentialSource(settings)
        self.endpoint = endpoint ?? settings.endpoint(of: "s3")
        self.region = region ?? settings.region ?? "us-east-1"
    }

    /// What tells this client's objects from another server's of the same names.
    public var origin: String { endpoint ?? "s3" }

    public var rules: PartRules { .s3 }

    /// Whether it speaks to AWS itself, maybe by an address that a network of its own has for it.
    public var isAWS: Bool {
        guard let endpoint else { return true }
        let host = (endpoint.split(separator: "/").dropFirst().first ?? "").prefix { $0 != ":" }
        return host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn")
    }

    /// Where a bucket of AWS is. Whoever may not read it is told too.
    ///
    /// - Throws: `.unsuitable` when there is no such bucket.
    public func region(ofBucket name: String) async throws(StorageError) -> String {
        let response = try await perform(S3Call(.head, name))
        if response.status == 404 { throw .unsuitable(path: "s3://\(name)", reason: "there is no such bucket") }
        if let region = response.headers["x-amz-bucket-region"] { return region }
        guard response.status == 200 else { throw StorageError(AWSError("HEAD s3://\(name)", response)) }
        return regions.withLock { $0[name] } ?? region
    }

    public var tellsPlaces: Bool { isAWS }

    /// Nil for another server's, which is in no region of AWS.
    public func location(of bucket: ObjectURL) async throws(StorageError) -> Location? {
        isAWS ? Location(provider: "aws", region: try await region(ofBucket: bucket.bucket)) : nil
    }

    func known(regionOf bucket: String) -> String { regions.withLock { $0[bucket] } ?? region }

    /// A bucket that is to be made there.
    func settle(_ region: String, of bucket: String) {
        if isAWS { regions.withLock { $0[bucket] = region } }
    }

    /// - Throws: `.refused` for every status but those expected.
    func expect(_ call: S3Call, _ statuses: Set<Int> = [200]) async throws(StorageError) -> HTTPResponse {
        let response = try await perform(call)
        guard statuses.contains(response.status) else { throw StorageError(AWSError(call.asked, response)) }
        return response
    }

    /// Whatever the answer.
    func perform(_ call: S3Call) async throws(StorageError) -> HTTPResponse {
        let assumed = regions.withLock { $0[call.bucket] } ?? region
        let response = try await perform(call, in: assumed)
        guard [301, 307, 400].contains(response.status), let actual = Self.region(in: response), actual != assumed
        else {
            return response
        }
        regions.withLock { $0[call.bucket] = actual }
        return try await perform(call, in: actual)
    }

    private func perform(_ call: S3Call, in region: String) async throws(StorageError) -> HTTPResponse {
        let identity: AWSCredentials
        do { identity = try await credentials.credentials().credentials } catch { throw StorageError(error) }
        let signature = SignatureV4(identity, region: region, service: "s3")
        do throws(HTTPError) {
            let (origin, path) = address(of: call, in: region)
            let retries = patience.map { HTTPRetries(tries: 2, deadline: $0) } ?? call.retries
            return try await caller.call(origin, retries: retries, mayPass: Self.mayPass) {
                timeLeft throws(HTTPError) in
                let request = request(call, origin: origin, path: path, signature, timeLeft: timeLeft)
                return try await caller.client.send(request, to: call.destination)
            }
        } catch {
            throw StorageError(AWSError(error))
        }
    }

    private func request(
        _ call: S3Call, origin: String, path: String, _ signature: SignatureV4, timeLeft: TimeSpan
    ) -> HTTPRequest {
        var request = AWSRequest(call.method, origin: origin, path: path, query: call.query, headers: call.headers)
        var timeout = min(timeLeft, .seconds(60))
        let body: HTTPRequest.Body?
        switch call.body {
        case .none: body = call.method == .put ? .bytes([]) : nil
        case .bytes(let bytes, let digest):
            request.payload = .sha256(hex: digest.hex)
            body = .bytes(bytes)
        case .file(let path, let offset, let count, let digest):
            // The checksum is signed with the other headers, so the body need not be hashed once more for the signature.
            request.payload = .unsigned
            request.headers["x-amz-checksum-sha256"] = digest
            body = .file(path: path, offset: offset, count: count)
            timeout = timeLeft
        }
        if body != nil, request.headers["Content-Type"] == nil {
            request.headers["Content-Type"] = "application/octet-stream"
        }
        if call.destination != nil { timeout = timeLeft }
        let signed = signature.sign(request, at: surroundings.now())
        return HTTPRequest(call.method, signed.url, headers: signed.headers, body: body, timeout: timeout)
    }

    func address(of call: S3Call, in region: String) -> (origin: String, path: String) {
        let key = call.key.isEmpty ? "" : "/\(call.key)"
        if let endpoint { return (endpoint, call.bucket.isEmpty ? "/" : "/\(call.bucket)\(key)") }
        let host = "s3.\(region).\(AWSPartition.domain(of: region))"
        // A name with dots is no part of the certificate's name, nor one with capitals of a host's.
        let isHost =
            !call.bucket.isEmpty
            && call.bucket.utf8.allSatisfy { $0 != 0x2e && $0 != 0x5f && !(0x41...0x5a).contains($0) }
        return isHost
            ? ("https://\(call.bucket).\(host)", key.isEmpty ? "/" : key)
            : ("https://\(host)", call.bucket.isEmpty ? "/" : "/\(call.bucket)\(key)")
    }

    /// Where the bucket is, as answers say to whoever asked elsewhere.
    private static func region(in response: HTTPResponse) -> String? {
        if let region = response.headers["x-amz-bucket-region"] { return region }
        return (try? XMLElement(parsing: response.body))?.text("Region")
    }

    private static func mayPass(_ response: HTTPResponse) -> Bool {
        if response.mayPass { return true }
        guard response.status == 400 || response.status == 409, !response.body.isEmpty else { return false }
        let code = (try? XMLElement(parsing: response.body))?.text("Code") ?? ""
        return ["RequestTimeout", "ConditionalRequestConflict", "OperationAborted"].contains(code)
    }
}

public import SkyCore
public import SkyHTTP

/// Files of the web, which can be read and nothing else.
public struct WebSource: Sendable {
    private let caller: HTTPCaller
    private let patience: TimeSpan?

    /// - Parameter patience: for callers who would rather do without: a call is tried twice, and that long.
    public init(caller: HTTPCaller, patience: TimeSpan? = nil) {
        self.caller = caller
        self.patience = patience
    }

    private func perform(
        _ method: HTTPRequest.Method, _ url: ObjectURL, _ headers: HTTPHeaders = [:], _ wish: ObjectWish? = nil
    ) async throws(StorageError) -> HTTPResponse {
        let retries = patience.map { HTTPRetries(tries: 2, deadline: $0) } ?? HTTPRetries(deadline: .seconds(1800))
        let address = "\(url.scheme.rawValue)://\(url.bucket)/\(url.key)"
        do throws(HTTPError) {
            return try await caller.call(url.bucket, retries: retries) { timeLeft throws(HTTPError) in
                let isPart = wish?.path != nil
                let request = HTTPRequest(
                    method, address, headers: headers, timeout: isPart ? timeLeft : min(timeLeft, .seconds(60)),
                    followsRedirects: true)
                if let part = wish?.part, let path = wish?.path {
                    return try await caller.client.fetch(request, part: part, into: path)
                }
                return try await caller.client.send(request)
            }
        } catch {
            throw StorageError(error)
        }
    }

    private func refusal(_ asked: String, _ response: HTTPResponse) -> StorageError {
        .service(ServiceError(asked, response, code: "", said: ""))
    }

    private func readOnly(_ url: ObjectURL) -> StorageError {
        .unsuitable(path: "\(url)", reason: "of the web one can only read: write to s3://, gs:// or az://")
    }

    private func noList(_ url: ObjectURL) -> StorageError {
        .unsuitable(path: "\(url)", reason: "the web has no folders: name one file")
    }
}

extension WebSource: ObjectStore {
    public var origin: String { "web" }

    public var rules: PartRules { .s3 }

    public func object(_ url: ObjectURL) async throws(StorageError) -> StoredObject? {
        var response = try await perform(.head, url)
        var size = response.headers["Content-Length"].flatMap { Int64($0) }
        var hasParts = response.headers["Accept-Ranges"]?.lowercased() == "bytes"
        if response.status == 404 || response.status == 410 { return nil }
        if response.status != 200 || size == nil || !hasParts {
            // Addresses that are signed for reading are refused to who only asks, and some servers do not say that they can.
            let first = try await perform(.get, url, ["Range": "bytes=0-0"])
            if first.status == 404 { return nil }
            if first.status == 206 {
                (response, hasParts) = (first, true)
                size = first.headers["Content-Range"]?.split(separator: "/").last.flatMap { Int64($0) }
            } else if response.status != 200 {
                throw refusal("GET \(url)", first)
            }
        }
        guard let size else {
            throw .unsuitable(
                path: "\(url)", reason: "the server does not say how long it is: download it and give its path")
        }
        return StoredObject(
            key: url.key, size: DataSize(bytes: size), etag: Self.validator(response.headers), modified: nil,
            digest: nil, hasParts: hasParts)
    }

    /// A strong entity tag, or when it was changed; empty when the server says neither.
    private static func validator(_ headers: HTTPHeaders) -> String {
        if let tag = headers["ETag"], tag.hasPrefix("\"") { return tag }
        return headers["Last-Modified"].map { "\(changedSince)\($0)" } ?? ""
    }

    private static let changedSince = "since "

    public func get(_ wish: ObjectWish) async throws(StorageError) -> ObjectAnswer? {
        var headers = HTTPHeaders()
        if wish.etag.hasPrefix(Self.changedSince) {
            headers["If-Unmodified-Since"] = String(wish.etag.dropFirst(Self.changedSince.count))
        } else if !wish.etag.isEmpty {
            headers["If-Match"] = wish.etag
        }
        if let part = wish.part, wish.path == nil {
            headers["Range"] = "bytes=\(part.lowerBound)-\(part.upperBound - 1)"
        }
        let response = try await perform(.get, wish.url, headers, wish)
        switch response.status {
        case 200 where (wish.part?.lowerBound ?? 0) == 0, 206: return ObjectAnswer(bytes: response.body)
        case 404, 410: return nil
        case 412: throw changed(wish.url)
        case 416: return ObjectAnswer()
        default: throw refusal("GET \(wish.url)", response)
        }
    }

    public func put(
        _ body: ObjectBody, digest: ArtifactDigest, at url: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> Bool { throw readOnly(url) }

    public func delete(_ url: ObjectURL) async throws(StorageError) { throw readOnly(url) }

    public func copy(
        _ source: ObjectURL, to destination: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> Bool { throw readOnly(destination) }

    public func page(of url: ObjectURL, delimiter: String?, after token: String?) async throws(StorageError)
        -> ObjectPage
    {
        throw noList(url)
    }

    public func buckets() async throws(StorageError) -> [StoredBucket] { [] }

    public func grant(for url: ObjectURL, lasting: TimeSpan) async throws(StorageError) -> ReadGrant? {
        ReadGrant(url: Secret("\(url.scheme.rawValue)://\(url.bucket)/\(url.key)"))
    }

    public func writeGrant(
        for file: FileFingerprint, at url: ObjectURL, lasting: TimeSpan
    ) async throws(StorageError) -> WriteGrant? { nil }

    public func writeGrant(
        forPart number: Int, of upload: String, to url: ObjectURL, _ file: FileFingerprint, lasting: TimeSpan
    ) async throws(StorageError) -> WriteGrant? { nil }

    public func make(_ bucket: BucketSpec) async throws(StorageError) { throw readOnly(bucket.url) }

    public func removeBucket(_ bucket: ObjectURL) async throws(StorageError) -> Bool { throw readOnly(bucket) }

    public var tellsPlaces: Bool { false }

    public func location(of bucket: ObjectURL) async throws(StorageError) -> Location? { nil }

    public func beginUpload(
        of file: FileFingerprint, to url: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> String? { throw readOnly(url) }

    public func parts(
        of upload: String, to url: ObjectURL, _ file: FileFingerprint
    ) async throws(StorageError) -> [UploadedPart]? { throw readOnly(url) }

    public func sendPart(
        _ number: Int, of upload: String, to url: ObjectURL, _ file: FileFingerprint, at path: String
    ) async throws(StorageError) -> UploadedPart { throw readOnly(url) }

    public func finishUpload(
        _ upload: String, to url: ObjectURL, _ file: FileFingerprint, parts: [UploadedPart], existing: ExistingObject
    ) async throws(StorageError) -> Bool { throw readOnly(url) }

    public func abandonUpload(_ id: String, to url: ObjectURL) async throws(StorageError) { throw readOnly(url) }
}

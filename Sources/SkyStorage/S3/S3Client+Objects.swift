import FoundationEssentials
import SkyAWS
public import SkyCore
import SkyHTTP

/// What S3 says of one object.
public struct S3Object: Hashable, Sendable {
    public let key: String
    public let size: DataSize
    /// Changes when the object does.
    public let etag: String
    public let modified: Instant?
    /// Of the whole, where whoever put it said so.
    public let digest: ArtifactDigest?
}

extension S3Client {
    /// Nil when there is none.
    public func object(_ url: S3URL) async throws(StorageError) -> S3Object? {
        let response = try await perform(S3Call(.head, url.bucket, url.key))
        if response.status == 404 { return nil }
        guard response.status == 200 else { throw .service(AWSError("HEAD \(url)", response)) }
        return S3Object(
            key: url.key, size: DataSize(bytes: response.headers["Content-Length"].flatMap { Int64($0) } ?? 0),
            etag: response.headers["ETag"] ?? "", modified: nil, digest: Self.digest(in: response.headers))
    }

    /// `count` bytes from byte `offset` on, fewer at the object's end; nil when there is no such object.
    func read(_ url: S3URL, from offset: Int64, count: Int) async throws(StorageError) -> [UInt8]? {
        guard count > 0 else { return [] }
        var call = S3Call(.get, url.bucket, url.key)
        call.headers["Range"] = "bytes=\(offset)-\(offset + Int64(count) - 1)"
        let response = try await perform(call)
        switch response.status {
        case 200 where offset == 0, 206: return response.body
        case 404: return nil
        case 416: return []
        default: throw .service(AWSError(call.asked, response))
        }
    }

    /// For objects that are known to be small; nil when there is none.
    func bytes(of url: S3URL) async throws(StorageError) -> [UInt8]? {
        let response = try await perform(S3Call(.get, url.bucket, url.key))
        if response.status == 404 { return nil }
        guard response.status == 200 else { throw .service(AWSError("GET \(url)", response)) }
        return response.body
    }

    /// What to do where there is an object already.
    public enum Existing: Hashable, Sendable { case replace, keep }

    /// False when there was one and it was kept.
    @discardableResult
    func put(
        _ bytes: [UInt8], digest: ArtifactDigest, at url: S3URL, existing: Existing
    ) async throws(StorageError) -> Bool {
        try await put(.bytes(bytes, sha256: digest), digest: digest, at: url, existing: existing)
    }

    /// The same, of a body that may be a file's.
    func put(
        _ body: S3Call.Body, digest: ArtifactDigest, at url: S3URL, existing: Existing
    ) async throws(StorageError) -> Bool {
        var call = S3Call(.put, url.bucket, url.key)
        call.body = body
        call.headers[Self.digestHeader] = digest.hex
        call.headers["x-amz-checksum-sha256"] = digest.base64
        if case .file = body { call.retries = S3Call.patient }
        if existing == .keep { call.headers["If-None-Match"] = "*" }
        return try await expect(call, existing == .keep ? [200, 412] : [200]).status == 200
    }

    /// There may be none.
    public func delete(_ url: S3URL) async throws(StorageError) {
        _ = try await expect(S3Call(.delete, url.bucket, url.key), [200, 204, 404])
    }

    /// Up to a thousand at once. There may be none of them.
    public func delete(_ keys: [String], in bucket: String) async throws(StorageError) {
        guard !keys.isEmpty else { return }
        let objects = keys.map { "<Object><Key>\(Self.escaped($0))</Key></Object>" }.joined()
        let body = Array("<Delete xmlns=\"\(Self.namespace)\"><Quiet>true</Quiet>\(objects)</Delete>".utf8)
        var call = S3Call(.post, bucket)
        call.query = [.init("delete")]
        call.headers["Content-Type"] = "application/xml"
        let digest = ArtifactDigest(hashing: body)
        call.headers["x-amz-checksum-sha256"] = digest.base64
        call.body = .bytes(body, sha256: digest)
        let answer = try answer(try await expect(call), to: call)
        guard let error = answer.first("Error") else { return }
        let (code, said) = (error.text("Code") ?? "", error.text("Message") ?? "")
        let object = S3URL(bucket: bucket, key: error.text("Key") ?? "")
        throw .service(AWSError(.refused, code: code, status: 200, "DELETE \(object): \(code), \(said)"))
    }

    /// One that is there already and ours is as good as a new one.
    public func makeBucket(_ name: String) async throws(StorageError) {
        let call = S3Call(.put, name)
        let response = try await perform(call)
        if response.status == 200 { return }
        let error = AWSError(call.asked, response)
        guard error.code == "BucketAlreadyOwnedByYou" else { throw .service(error) }
    }

    func answer(_ response: HTTPResponse, to call: S3Call) throws(StorageError) -> XMLElement {
        let element: XMLElement
        do { element = try XMLElement(parsing: response.body) } catch {
            throw .service(
                AWSError(
                    .badAnswer, status: response.status, "\(call.asked): the answer cannot be read: \(error.reason)"))
        }
        // Some calls begin their answer before they know how they end.
        guard element.name != "Error" else { throw .service(AWSError(call.asked, response)) }
        return element
    }

    static func digest(in headers: HTTPHeaders) -> ArtifactDigest? {
        headers[digestHeader].flatMap { ArtifactDigest(hex: $0) }
    }

    /// Where the SHA-256 of the whole is kept: S3's own checksum of an object in parts is one of the parts' checksums.
    static let digestHeader = "x-amz-meta-sha256"
    static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case _ where scalar.value < 0x20: escaped += "&#\(scalar.value);"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

extension ArtifactDigest {
    /// As headers of S3 have it.
    var base64: String {
        let digits = hex.utf8.map { $0 < 0x3a ? $0 - 0x30 : $0 - 0x57 }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        return Data(bytes).base64EncodedString()
    }
}

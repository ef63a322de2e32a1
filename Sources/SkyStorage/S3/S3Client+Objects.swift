import FoundationEssentials
import SkyAWS
import SkyCore
import SkyHTTP

extension S3Client {
    /// Nil when there is none.
    public func object(_ url: ObjectURL) async throws(StorageError) -> StoredObject? {
        let response = try await perform(S3Call(.head, url.bucket, url.key))
        if response.status == 404 { return nil }
        guard response.status == 200 else { throw StorageError(AWSError("HEAD \(url)", response)) }
        return StoredObject(
            key: url.key, size: DataSize(bytes: response.headers["Content-Length"].flatMap { Int64($0) } ?? 0),
            etag: response.headers["ETag"] ?? "", modified: nil, digest: Self.digest(in: response.headers))
    }

    public func get(_ wish: ObjectWish) async throws(StorageError) -> ObjectAnswer? {
        var call = S3Call(.get, wish.url.bucket, wish.url.key)
        if !wish.etag.isEmpty { call.headers["If-Match"] = wish.etag }
        if let part = wish.part, let path = wish.path {
            call.destination = PartDestination(path: path, part: part)
            call.retries = .ofFiles
        } else if let part = wish.part {
            call.headers["Range"] = "bytes=\(part.lowerBound)-\(part.upperBound - 1)"
        }
        let response = try await perform(call)
        switch response.status {
        case 200 where (wish.part?.lowerBound ?? 0) == 0, 206:
            return ObjectAnswer(bytes: response.body, digest: Self.digest(in: response.headers))
        case 404: return nil
        case 412: throw changed(wish.url)
        case 416: return ObjectAnswer()
        default: throw StorageError(AWSError(call.asked, response))
        }
    }

    public func put(
        _ body: ObjectBody, digest: ArtifactDigest, at url: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> Bool {
        var call = S3Call(.put, url.bucket, url.key)
        call.headers[Self.digestHeader] = digest.hex
        switch body {
        case .bytes(let bytes, let digest):
            call.body = .bytes(bytes, sha256: digest)
            call.headers["x-amz-checksum-sha256"] = digest.base64
        case .file(let path, let count, let checksum):
            call.body = .file(path: path, offset: 0, count: count, sha256: checksum)
            call.retries = .ofFiles
        }
        if existing == .keep { call.headers["If-None-Match"] = "*" }
        return try await expect(call, existing == .keep ? [200, 412] : [200]).status == 200
    }

    /// There may be none.
    public func delete(_ url: ObjectURL) async throws(StorageError) {
        _ = try await expect(S3Call(.delete, url.bucket, url.key), [200, 204, 404])
    }

    public func delete(_ keys: [String], in bucket: ObjectURL) async throws(StorageError) {
        for start in stride(from: 0, to: keys.count, by: 1000) {
            try await deleteAtOnce(Array(keys[start..<min(start + 1000, keys.count)]), in: bucket)
        }
    }

    private func deleteAtOnce(_ keys: [String], in bucket: ObjectURL) async throws(StorageError) {
        let objects = keys.map { "<Object><Key>\(Self.escaped($0))</Key></Object>" }.joined()
        let body = Array("<Delete xmlns=\"\(Self.namespace)\"><Quiet>true</Quiet>\(objects)</Delete>".utf8)
        var call = S3Call(.post, bucket.bucket)
        call.query = [.init("delete")]
        call.headers["Content-Type"] = "application/xml"
        let digest = ArtifactDigest(hashing: body)
        call.headers["x-amz-checksum-sha256"] = digest.base64
        call.body = .bytes(body, sha256: digest)
        let answer = try answer(try await expect(call), to: call)
        guard let error = answer.first("Error") else { return }
        let (code, said) = (error.text("Code") ?? "", error.text("Message") ?? "")
        let object = bucket.with(key: error.text("Key") ?? "")
        throw StorageError(AWSError(.refused, code: code, status: 200, "DELETE \(object): \(code), \(said)"))
    }

    func answer(_ response: HTTPResponse, to call: S3Call) throws(StorageError) -> XMLElement {
        let element: XMLElement
        do { element = try XMLElement(parsing: response.body) } catch {
            throw StorageError(
                AWSError(
                    .badAnswer, status: response.status, "\(call.asked): the answer cannot be read: \(error.reason)"))
        }
        // Some calls begin their answer before they know how they end.
        guard element.name != "Error" else { throw StorageError(AWSError(call.asked, response)) }
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

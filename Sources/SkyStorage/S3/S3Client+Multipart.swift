import SkyAWS
public import SkyCore
import SkyHTTP

/// An upload in parts that has begun and has not ended: what it has brought is stored, and paid for.
public struct S3PendingUpload: Hashable, Sendable {
    public let key: String
    public let id: String
    public let begun: Instant?
}

/// A part that the server has.
struct S3Part: Hashable, Sendable, Codable {
    let number: Int
    let etag: String
    let size: Int64
    /// In Base64, where the server keeps it.
    let checksum: String?
}

extension S3Client {
    func beginUpload(to url: S3URL, digest: ArtifactDigest) async throws(StorageError) -> String {
        var call = S3Call(.post, url.bucket, url.key)
        call.query = [.init("uploads")]
        call.headers = [
            Self.digestHeader: digest.hex, "x-amz-checksum-algorithm": "SHA256",
            "Content-Type": "application/octet-stream",
        ]
        guard let id = try answer(try await expect(call), to: call).text("UploadId"), !id.isEmpty else {
            throw .service(AWSError(.badAnswer, "\(call.asked): the answer names no upload"))
        }
        return id
    }

    func uploadPart(
        _ number: Int, of upload: String, to url: S3URL, path: String, offset: Int64, count: Int64,
        sha256: ArtifactDigest
    ) async throws(StorageError) -> S3Part {
        var call = S3Call(.put, url.bucket, url.key)
        call.query = [.init("partNumber", String(number)), .init("uploadId", upload)]
        call.body = .file(path: path, offset: offset, count: count, sha256: sha256)
        call.retries = S3Call.patient
        let response = try await expect(call)
        guard let etag = response.headers["ETag"] else {
            throw .service(AWSError(.badAnswer, "\(call.asked): the answer has no ETag"))
        }
        return S3Part(number: number, etag: etag, size: count, checksum: sha256.base64)
    }

    /// Nil when there is no such upload: it was ended, or given up.
    func parts(of upload: String, to url: S3URL) async throws(StorageError) -> [S3Part]? {
        var parts: [S3Part] = []
        var marker: String?
        repeat {
            var call = S3Call(.get, url.bucket, url.key)
            call.query = [.init("uploadId", upload)]
            if let marker { call.query.append(.init("part-number-marker", marker)) }
            let response = try await perform(call)
            if response.status == 404 { return nil }
            guard response.status == 200 else { throw .service(AWSError(call.asked, response)) }
            let answer = try answer(response, to: call)
            parts += answer.all("Part").compactMap { part in
                guard let number = part.text("PartNumber").flatMap({ Int($0) }), let etag = part.text("ETag"),
                    let size = part.text("Size").flatMap({ Int64($0) })
                else { return nil }
                return S3Part(number: number, etag: etag, size: size, checksum: part.text("ChecksumSHA256"))
            }
            let next = answer.text("IsTruncated") == "true" ? answer.text("NextPartNumberMarker") : nil
            guard next != marker || next == nil else {
                throw .service(AWSError(.badAnswer, "\(call.asked): the list of parts goes in a circle"))
            }
            marker = next
        } while marker != nil
        return parts
    }

    /// False when there was an object and it was kept. `parts` in order.
    func finishUpload(
        _ upload: String, to url: S3URL, parts: [S3Part], existing: Existing
    ) async throws(StorageError) -> Bool {
        let list = parts.map { part in
            let checksum = part.checksum.map { "<ChecksumSHA256>\($0)</ChecksumSHA256>" } ?? ""
            return
                "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(Self.escaped(part.etag))</ETag>\(checksum)</Part>"
        }
        var call = S3Call(.post, url.bucket, url.key)
        call.query = [.init("uploadId", upload)]
        call.headers["Content-Type"] = "application/xml"
        if existing == .keep { call.headers["If-None-Match"] = "*" }
        let root = "CompleteMultipartUpload"
        let body = Array("<\(root) xmlns=\"\(Self.namespace)\">\(list.joined())</\(root)>".utf8)
        call.body = .bytes(body, sha256: ArtifactDigest(hashing: body))
        let response = try await expect(call, existing == .keep ? [200, 412] : [200])
        guard response.status == 200 else { return false }
        _ = try answer(response, to: call)
        return true
    }

    /// What it has brought goes. There may be none.
    public func abandonUpload(_ id: String, to url: S3URL) async throws(StorageError) {
        var call = S3Call(.delete, url.bucket, url.key)
        call.query = [.init("uploadId", id)]
        _ = try await expect(call, [200, 204, 404])
    }

    /// Those of keys that begin with `url.key`.
    public func pendingUploads(_ url: S3URL) async throws(StorageError) -> [S3PendingUpload] {
        var uploads: [S3PendingUpload] = []
        var markers: [AWSRequest.Parameter]? = []
        while let after = markers {
            var call = S3Call(.get, url.bucket)
            call.query = [.init("uploads"), .init("prefix", url.key)] + after
            let answer = try answer(try await expect(call), to: call)
            uploads += answer.all("Upload").compactMap { upload in
                guard let key = upload.text("Key"), let id = upload.text("UploadId") else { return nil }
                return S3PendingUpload(
                    key: key, id: id, begun: upload.text("Initiated").flatMap { Instant(iso8601: $0) })
            }
            let next = [
                AWSRequest.Parameter("key-marker", answer.text("NextKeyMarker") ?? ""),
                AWSRequest.Parameter("upload-id-marker", answer.text("NextUploadIdMarker") ?? ""),
            ]
            markers = answer.text("IsTruncated") == "true" && next != after ? next : nil
        }
        return uploads
    }

    /// Gives up uploads whose keys begin with `url.key`: nobody has gone on with them for that long, and their parts cost.
    ///
    /// - Returns: how many.
    @discardableResult
    public func abandonUploads(_ url: S3URL, begunBefore moment: Instant) async throws(StorageError) -> Int {
        let stale = try await pendingUploads(url).filter { $0.begun.map { $0 < moment } ?? false }
        for upload in stale { try await abandonUpload(upload.id, to: S3URL(bucket: url.bucket, key: upload.key)) }
        return stale.count
    }
}

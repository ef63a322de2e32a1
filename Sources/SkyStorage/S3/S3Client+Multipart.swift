import SkyAWS
import SkyCore
import SkyHTTP

extension S3Client {
    public func beginUpload(
        of file: FileFingerprint, to url: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> String? {
        var call = S3Call(.post, url.bucket, url.key)
        call.query = [.init("uploads")]
        call.headers = [
            Self.digestHeader: file.whole.hex, "x-amz-checksum-algorithm": "SHA256",
            "Content-Type": "application/octet-stream",
        ]
        guard let id = try answer(try await expect(call), to: call).text("UploadId"), !id.isEmpty else {
            throw StorageError(AWSError(.badAnswer, "\(call.asked): the answer names no upload"))
        }
        return id
    }

    public func sendPart(
        _ number: Int, of upload: String, to url: ObjectURL, _ file: FileFingerprint, at path: String
    ) async throws(StorageError) -> UploadedPart {
        let bytes = PartPlan(size: file.size, rules)[number - 1]
        let (count, checksum) = (Int64(bytes.count), file.checksums[number - 1])
        var call = S3Call(.put, url.bucket, url.key)
        call.query = [.init("partNumber", String(number)), .init("uploadId", upload)]
        call.body = .file(path: path, offset: bytes.lowerBound, count: count, sha256: checksum)
        call.retries = .ofFiles
        let response = try await expect(call)
        guard let etag = response.headers["ETag"] else {
            throw StorageError(AWSError(.badAnswer, "\(call.asked): the answer has no ETag"))
        }
        return UploadedPart(number: number, tag: etag, size: count, checksum: checksum)
    }

    /// Nil when there is no such upload: it was ended, or given up.
    public func parts(
        of upload: String, to url: ObjectURL, _ file: FileFingerprint
    ) async throws(StorageError) -> [UploadedPart]? {
        var parts: [UploadedPart] = []
        var marker: String?
        repeat {
            var call = S3Call(.get, url.bucket, url.key)
            call.query = [.init("uploadId", upload)]
            if let marker { call.query.append(.init("part-number-marker", marker)) }
            let response = try await perform(call)
            if response.status == 404 { return nil }
            guard response.status == 200 else { throw StorageError(AWSError(call.asked, response)) }
            let answer = try answer(response, to: call)
            parts += answer.all("Part").compactMap { part in
                guard let number = part.text("PartNumber").flatMap({ Int($0) }), let etag = part.text("ETag"),
                    let size = part.text("Size").flatMap({ Int64($0) })
                else { return nil }
                return UploadedPart(number: number, tag: etag, size: size, checksum: part.text("ChecksumSHA256"))
            }
            let next = answer.text("IsTruncated") == "true" ? answer.text("NextPartNumberMarker") : nil
            guard next != marker || next == nil else {
                throw StorageError(AWSError(.badAnswer, "\(call.asked): the list of parts goes in a circle"))
            }
            marker = next
        } while marker != nil
        return parts
    }

    /// False when there was an object and it was kept. `parts` in order.
    public func finishUpload(
        _ upload: String, to url: ObjectURL, _ file: FileFingerprint, parts: [UploadedPart], existing: ExistingObject
    ) async throws(StorageError) -> Bool {
        let list = parts.map { part in
            let checksum = part.checksum.map { "<ChecksumSHA256>\($0)</ChecksumSHA256>" } ?? ""
            return
                "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(Self.escaped(part.tag))</ETag>\(checksum)</Part>"
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
    public func abandonUpload(_ id: String, to url: ObjectURL) async throws(StorageError) {
        var call = S3Call(.delete, url.bucket, url.key)
        call.query = [.init("uploadId", id)]
        _ = try await expect(call, [200, 204, 404])
    }

    /// Those of keys that begin with `url.key`.
    public func pendingUploads(_ url: ObjectURL) async throws(StorageError) -> [PendingUpload] {
        var uploads: [PendingUpload] = []
        var markers: [AWSRequest.Parameter]? = []
        while let after = markers {
            var call = S3Call(.get, url.bucket)
            call.query = [.init("uploads"), .init("prefix", url.key)] + after
            let answer = try answer(try await expect(call), to: call)
            uploads += answer.all("Upload").compactMap { upload in
                guard let key = upload.text("Key"), let id = upload.text("UploadId") else { return nil }
                return PendingUpload(
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
}

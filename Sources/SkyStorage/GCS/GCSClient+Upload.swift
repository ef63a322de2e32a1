import SkyAWS
import SkyCore
import SkyHTTP

/// Uploads that can be gone on with: a session takes one stream, in chunks, and knows how far it has come.
/// https://cloud.google.com/storage/docs/performing-resumable-uploads
extension GCSClient {
    /// Whoever knows the address of the session may go on with it: it is kept where only the user reads.
    public func beginUpload(
        of file: FileFingerprint, to url: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> String? {
        let said = GCSNewObject(name: url.key, digest: file.whole, crc32c: file.checksums.last ?? "")
        var call = GCSCall(.post, "/upload/storage/v1/b/\(GCSCall.encoded(url.bucket))/o", "POST \(url)")
        call.query = [("uploadType", "resumable"), ("name", url.key)]
        call.keepExisting(existing)
        call.setJSON(try said.json)
        call.headers["X-Upload-Content-Type"] = "application/octet-stream"
        call.headers["X-Upload-Content-Length"] = String(file.size)
        let response = try await expect(call, existing == .keep ? [200, 201, 412] : [200, 201])
        if response.status == 412 { return nil }
        guard let session = response.headers["Location"], session.hasPrefix("http") else {
            throw .service(ServiceError(.badAnswer, "\(call.asked): the answer names no session"))
        }
        return session
    }

    public func parts(
        of upload: String, to url: ObjectURL, _ file: FileFingerprint
    ) async throws(StorageError) -> [UploadedPart]? {
        var call = GCSCall(.put, upload, "PUT \(url)")
        call.headers["Content-Range"] = "bytes */\(file.size)"
        call.body = .bytes([])
        let response = try await perform(call)
        // 200: it is ended, and the object tells the rest. A session that is gone has several ways to say so.
        guard response.status == 308 else {
            if [200, 201, 400, 404, 410, 412, 499].contains(response.status) { return nil }
            throw Self.refusal(of: call, response)
        }
        let arrived = Self.arrived(response)
        let plan = PartPlan(size: file.size, rules)
        return (1..<plan.count).filter { plan[$0 - 1].upperBound <= arrived }.map { number in
            UploadedPart(number: number, tag: "", size: Int64(plan[number - 1].count), checksum: nil)
        }
    }

    /// The last part ends the upload: its tag is the object's generation, or `kept` where there was one.
    public func sendPart(
        _ number: Int, of upload: String, to url: ObjectURL, _ file: FileFingerprint, at path: String
    ) async throws(StorageError) -> UploadedPart {
        let bytes = PartPlan(size: file.size, rules)[number - 1]
        func sent(_ tag: String) -> UploadedPart {
            UploadedPart(number: number, tag: tag, size: Int64(bytes.count), checksum: nil)
        }
        // What has arrived of it before is sent again, and left out by the store.
        var start = bytes.lowerBound
        while true {
            var call = GCSCall(.put, upload, "PUT \(url)")
            call.headers["Content-Range"] = "bytes \(start)-\(bytes.upperBound - 1)/\(file.size)"
            call.body = .file(path: path, offset: start, count: bytes.upperBound - start)
            call.retries = .ofFiles
            let response = try await perform(call)
            switch response.status {
            case 200, 201: return sent(try answer(GCSObject.self, response, to: call).generation ?? "")
            case 308:
                let arrived = Self.arrived(response)
                if arrived >= bytes.upperBound, bytes.upperBound < file.size { return sent("") }
                guard arrived > start else {
                    throw .service(
                        ServiceError(.badAnswer, "\(call.asked): the store keeps nothing of what it is sent"))
                }
                start = arrived
            case 412: return sent(Self.kept)
            case 404, 410:
                throw .service(
                    ServiceError(
                        .refused, code: "NoSuchUpload", status: response.status,
                        "\(call.asked): the store has forgotten this upload: send the file again"))
            default: throw Self.refusal(of: call, response)
            }
        }
    }

    public func finishUpload(
        _ upload: String, to url: ObjectURL, _ file: FileFingerprint, parts: [UploadedPart], existing: ExistingObject
    ) async throws(StorageError) -> Bool {
        guard let last = parts.last else { return false }
        if last.tag == Self.kept, existing == .replace {
            throw .service(ServiceError(.refused, status: 412, "PUT \(url): a condition that nobody made is not met"))
        }
        return last.tag != Self.kept
    }

    public func abandonUpload(_ id: String, to url: ObjectURL) async throws(StorageError) {
        // 499 is how it says that it has been given up.
        _ = try await expect(GCSCall(.delete, id, "DELETE \(url)"), [200, 204, 400, 404, 410, 412, 499])
    }

    private static let kept = "kept"

    /// How many bytes from the beginning on the store has: `Range: bytes=0-N`, and none without it.
    private static func arrived(_ response: HTTPResponse) -> Int64 {
        guard let range = response.headers["Range"], let last = range.split(separator: "-").last,
            let end = Int64(last)
        else { return 0 }
        return end + 1
    }
}

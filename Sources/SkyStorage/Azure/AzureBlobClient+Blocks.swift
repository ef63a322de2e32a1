import SkyAWS
import SkyCore
import SkyHTTP

/// Uploads in blocks: they wait beside the blob until a list says which of them make it.
/// https://learn.microsoft.com/rest/api/storageservices/put-block
extension AzureBlobClient {
    /// No call: the name that begins those of our blocks tells them from other uploads'.
    public func beginUpload(
        of file: FileFingerprint, to url: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> String? {
        if existing == .keep, try await object(url) != nil { return nil }
        return String(hexOf: (0..<8).map { _ in UInt8.random(in: 0...255) })
    }

    public func parts(
        of upload: String, to url: ObjectURL, _ file: FileFingerprint
    ) async throws(StorageError) -> [UploadedPart]? {
        var call = AzureCall(.get, url)
        call.query = [("comp", "blocklist"), ("blocklisttype", "uncommitted")]
        let response = try await perform(call)
        if response.status == 404 { return nil }
        guard response.status == 200 else { throw Self.refusal(of: call, response) }
        let blocks = try answer(response, to: call).first("UncommittedBlocks")?.all("Block") ?? []
        let plan = PartPlan(size: file.size, rules)
        let numbers = Dictionary((1...plan.count).map { (Self.name(upload, $0), $0) }) { first, _ in first }
        let parts = blocks.compactMap { block -> UploadedPart? in
            guard let name = block.text("Name"), let number = numbers[name],
                let size = block.text("Size").flatMap({ Int64($0) })
            else { return nil }
            return UploadedPart(number: number, tag: name, size: size, checksum: nil)
        }
        // All of ours are gone together: the blob was made, by us or somebody else, or a week has passed.
        return parts.isEmpty ? nil : parts
    }

    public func sendPart(
        _ number: Int, of upload: String, to url: ObjectURL, _ file: FileFingerprint, at path: String
    ) async throws(StorageError) -> UploadedPart {
        let bytes = PartPlan(size: file.size, rules)[number - 1]
        let name = Self.name(upload, number)
        var call = AzureCall(.put, url)
        call.query = [("comp", "block"), ("blockid", name)]
        call.headers["Content-MD5"] = file.checksums[number - 1]
        call.body = .file(path: path, offset: bytes.lowerBound, count: Int64(bytes.count))
        call.retries = .ofFiles
        _ = try await expect(call, [201])
        return UploadedPart(number: number, tag: name, size: Int64(bytes.count), checksum: file.checksums[number - 1])
    }

    public func finishUpload(
        _ upload: String, to url: ObjectURL, _ file: FileFingerprint, parts: [UploadedPart], existing: ExistingObject
    ) async throws(StorageError) -> Bool {
        let list = parts.map { "<Uncommitted>\($0.tag)</Uncommitted>" }.joined()
        let body = Array("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>\(list)</BlockList>".utf8)
        var call = AzureCall(.put, url)
        call.query = [("comp", "blocklist")]
        call.headers["Content-Type"] = "application/xml"
        call.headers["Content-MD5"] = PartHasher.checksum(.md5, of: body)
        call.headers["x-ms-blob-content-type"] = "application/octet-stream"
        call.headers[Self.digestHeader] = file.whole.hex
        call.keepExisting(existing)
        call.body = .bytes(body)
        let response = try await perform(call)
        if existing == .keep, Self.isKept(response) { return false }
        guard response.status == 201 else { throw Self.refusal(of: call, response) }
        return true
    }

    /// Blocks that no list names cannot be taken away; the service drops them after a week, or with the next list.
    public func abandonUpload(_ id: String, to url: ObjectURL) async throws(StorageError) {}

    /// In Base64, and of one length for all blocks of a blob.
    static func name(_ upload: String, _ number: Int) -> String {
        let digits = String(number)
        let padded = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        return Array("\(upload)-\(padded)".utf8).base64
    }
}

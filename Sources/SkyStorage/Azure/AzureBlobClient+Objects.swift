import SkyAWS
public import SkyCore
import SkyHTTP

extension AzureBlobClient {
    public func object(_ url: ObjectURL) async throws(StorageError) -> StoredObject? {
        let call = AzureCall(.head, url)
        let response = try await perform(call)
        if response.status == 404 { return nil }
        guard response.status == 200 else { throw Self.refusal(of: call, response) }
        let headers = response.headers
        return StoredObject(
            key: url.key, size: DataSize(bytes: headers["Content-Length"].flatMap { Int64($0) } ?? 0),
            etag: headers["ETag"] ?? "", modified: headers["Last-Modified"].flatMap { Instant(httpDate: $0) },
            digest: headers[Self.digestHeader].flatMap { ArtifactDigest(hex: $0) },
            checksum: headers["Content-MD5"].map { ObjectChecksum(kind: .md5, value: $0) })
    }

    public func get(_ wish: ObjectWish) async throws(StorageError) -> ObjectAnswer? {
        var call = AzureCall(.get, wish.url)
        if !wish.etag.isEmpty { call.headers["If-Match"] = wish.etag }
        if let part = wish.part, let path = wish.path {
            call.destination = PartDestination(path: path, part: part)
            call.retries = .ofFiles
        } else if let part = wish.part {
            call.headers["x-ms-range"] = "bytes=\(part.lowerBound)-\(part.upperBound - 1)"
        }
        let response = try await perform(call)
        switch response.status {
        case 200 where (wish.part?.lowerBound ?? 0) == 0, 206:
            let digest = response.headers[Self.digestHeader].flatMap { ArtifactDigest(hex: $0) }
            return ObjectAnswer(bytes: response.body, digest: digest)
        case 404: return nil
        case 412: throw changed(wish.url)
        case 416: return ObjectAnswer()
        default: throw Self.refusal(of: call, response)
        }
    }

    public func put(
        _ body: ObjectBody, digest: ArtifactDigest, at url: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> Bool {
        var call = AzureCall(.put, url)
        call.headers["x-ms-blob-type"] = "BlockBlob"
        call.headers[Self.digestHeader] = digest.hex
        call.keepExisting(existing)
        switch body {
        case .bytes(let bytes, _):
            call.body = .bytes(bytes)
            call.headers["Content-MD5"] = PartHasher.checksum(.md5, of: bytes)
        case .file(let path, let count, let checksum):
            call.body = .file(path: path, offset: 0, count: count)
            call.headers["Content-MD5"] = checksum
            call.retries = .ofFiles
        }
        let response = try await perform(call)
        if existing == .keep, Self.isKept(response) { return false }
        guard response.status == 201 else { throw Self.refusal(of: call, response) }
        return true
    }

    public func delete(_ url: ObjectURL) async throws(StorageError) {
        var call = AzureCall(.delete, url)
        call.headers["x-ms-delete-snapshots"] = "include"
        _ = try await expect(call, [202, 404])
    }

    /// Within one account. The service copies by itself and says how far it is.
    public func copy(
        _ source: ObjectURL, to destination: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> Bool {
        var call = AzureCall(.put, destination)
        let path = PercentEncoding.encode("/\(source.container)/\(source.key)", keepingSlashes: true)
        var address = identity.endpoint + path
        if case .signature(let signature) = identity.proof { address += "?\(signature.reveal())" }
        call.headers["x-ms-copy-source"] = address
        call.keepExisting(existing)
        let response = try await perform(call)
        if existing == .keep, Self.isKept(response) { return false }
        if response.status == 404 { throw .unsuitable(path: "\(source)", reason: "there is no such object") }
        guard response.status == 202 else { throw Self.refusal(of: call, response) }
        var status = response.headers["x-ms-copy-status"] ?? ""
        var pause = 100
        while status == "pending" {
            do { try await Task.sleep(for: .milliseconds(pause)) } catch { throw .cancelled }
            pause = min(pause * 2, 5000)
            status = try await expect(AzureCall(.head, destination)).headers["x-ms-copy-status"] ?? ""
        }
        guard status == "success" else {
            throw .unsuitable(path: "\(source)", reason: "Azure could not copy it (\(status)): fetch it and send it")
        }
        return true
    }

    public func page(
        of url: ObjectURL, delimiter: String?, after token: String?
    ) async throws(StorageError) -> ObjectPage {
        var call = AzureCall.container(.get, url)
        call.query += [("comp", "list"), ("include", "metadata"), ("prefix", url.key)]
        if let delimiter { call.query.append(("delimiter", delimiter)) }
        if let token { call.query.append(("marker", token)) }
        let answer = try answer(try await expect(call), to: call)
        var page = ObjectPage()
        let blobs = answer.first("Blobs")
        page.objects = (blobs?.all("Blob") ?? []).map { blob in
            let properties = blob.first("Properties")
            return StoredObject(
                key: blob.text("Name") ?? "",
                size: DataSize(bytes: properties?.text("Content-Length").flatMap { Int64($0) } ?? 0),
                etag: Self.quoted(properties?.text("Etag") ?? ""),
                modified: properties?.text("Last-Modified").flatMap { Instant(httpDate: $0) },
                digest: blob.first("Metadata")?.text("sha256").flatMap { ArtifactDigest(hex: $0) },
                checksum: properties?.text("Content-MD5").flatMap { value in
                    value.isEmpty ? nil : ObjectChecksum(kind: .md5, value: value)
                })
        }
        page.folders = (blobs?.all("BlobPrefix") ?? []).compactMap { $0.text("Name") }
        page.next = answer.text("NextMarker").flatMap { $0.isEmpty ? nil : $0 }
        return page
    }

    /// Containers of the account.
    public func buckets() async throws(StorageError) -> [StoredBucket] {
        var buckets: [StoredBucket] = []
        var marker: String?
        repeat {
            var call = AzureCall(.get, ObjectURL(.az, bucket: identity.account, key: ""))
            call.query = [("comp", "list"), ("include", "metadata")]
            if let marker { call.query.append(("marker", marker)) }
            let answer = try answer(try await expect(call), to: call)
            buckets += (answer.first("Containers")?.all("Container") ?? []).map { container in
                StoredBucket(
                    url: ObjectURL(.az, bucket: "\(identity.account)/\(container.text("Name") ?? "")", key: ""),
                    made: container.first("Properties")?.text("Last-Modified").flatMap { Instant(httpDate: $0) },
                    isOurs: container.first("Metadata")?.first(BucketSpec.mark) != nil)
            }
            marker = answer.text("NextMarker").flatMap { $0.isEmpty ? nil : $0 }
        } while marker != nil
        return buckets
    }

    public var tellsPlaces: Bool { false }

    /// The service of blobs does not say where an account is.
    public func location(of bucket: ObjectURL) async throws(StorageError) -> Location? {
        let call = AzureCall.container(.head, bucket)
        let response = try await perform(call)
        if response.status == 404 { throw .unsuitable(path: "\(bucket)", reason: "there is no such container") }
        guard response.status == 200 else { throw Self.refusal(of: call, response) }
        return nil
    }

    static let digestHeader = "x-ms-meta-sha256"

    /// Lists leave the quotes out, which conditions have.
    private static func quoted(_ etag: String) -> String {
        etag.isEmpty || etag.hasPrefix("\"") ? etag : "\"\(etag)\""
    }
}

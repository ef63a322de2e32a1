import FoundationEssentials
import Glibc
import SkyAWS
public import SkyCore
import SkyHTTP

extension GCSClient {
    public func object(_ url: ObjectURL) async throws(StorageError) -> StoredObject? {
        let call = GCSCall(.get, url)
        let response = try await perform(call)
        if response.status == 404 { return nil }
        guard response.status == 200 else { throw Self.refusal(of: call, response) }
        return try answer(GCSObject.self, response, to: call).object
    }

    public func get(_ wish: ObjectWish) async throws(StorageError) -> ObjectAnswer? {
        var call = GCSCall(.get, wish.url)
        call.query = [("alt", "media")]
        // The generation is what tells objects apart, and is a condition of its own.
        if !wish.etag.isEmpty { call.query.append(("ifGenerationMatch", wish.etag)) }
        // As it is stored: what was put compressed would otherwise come unpacked, and in no parts.
        call.headers["Accept-Encoding"] = "gzip"
        if let part = wish.part, let path = wish.path {
            call.destination = PartDestination(path: path, part: part)
            call.retries = .ofFiles
        } else if let part = wish.part {
            call.headers["Range"] = "bytes=\(part.lowerBound)-\(part.upperBound - 1)"
        }
        let response = try await perform(call)
        switch response.status {
        case 200 where (wish.part?.lowerBound ?? 0) == 0, 206: return ObjectAnswer(bytes: response.body)
        case 404: return nil
        case 412: throw changed(wish.url)
        case 416: return ObjectAnswer()
        default: throw Self.refusal(of: call, response)
        }
    }

    /// By one call of two parts: what is said of the object, and what is in it.
    public func put(
        _ body: ObjectBody, digest: ArtifactDigest, at url: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> Bool {
        let bytes: [UInt8]
        switch body {
        case .bytes(let all, _): bytes = all
        case .file(let path, let count, _):
            bytes = try await offPool { _ throws(StorageError) in
                let file = try OpenFile(path, O_RDONLY, to: "read")
                return try file.read(upTo: Int(count))
            }
        }
        let said = GCSNewObject(
            name: url.key, digest: digest, crc32c: PartHasher.checksum(.crc32c, of: bytes))
        let boundary = "sky-\(digest.hex.prefix(32))-\(UInt64.random(in: 0 ... .max))"
        var call = GCSCall(.post, "/upload/storage/v1/b/\(GCSCall.encoded(url.bucket))/o", "POST \(url)")
        call.query = [("uploadType", "multipart")]
        call.keepExisting(existing)
        call.headers["Content-Type"] = "multipart/related; boundary=\(boundary)"
        let head =
            "--\(boundary)\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n"
            + "\(String(decoding: try said.json, as: UTF8.self))\r\n"
            + "--\(boundary)\r\nContent-Type: application/octet-stream\r\n\r\n"
        call.body = .bytes(Array(head.utf8) + bytes + Array("\r\n--\(boundary)--\r\n".utf8))
        return try await expect(call, existing == .keep ? [200, 412] : [200]).status == 200
    }

    public func delete(_ url: ObjectURL) async throws(StorageError) {
        _ = try await expect(GCSCall(.delete, url), [200, 204, 404])
    }

    /// In as many calls as the store wants: each goes on where the one before stopped.
    public func copy(
        _ source: ObjectURL, to destination: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> Bool {
        let end = "\(GCSCall.encoded(destination.bucket))/o/\(GCSCall.encoded(destination.key))"
        var token: String?
        while true {
            var call = GCSCall(.post, source, suffix: "/rewriteTo/b/\(end)")
            call.keepExisting(existing)
            if let token { call.query.append(("rewriteToken", token)) }
            let response = try await perform(call)
            switch response.status {
            case 200: break
            case 412 where existing == .keep: return false
            case 404: throw .unsuitable(path: "\(source)", reason: "there is no such object")
            default: throw Self.refusal(of: call, response)
            }
            let state = try answer(GCSRewrite.self, response, to: call)
            if state.done { return true }
            guard let next = state.rewriteToken, next != token || state.done else {
                throw .service(ServiceError(.badAnswer, "\(call.asked): the copy goes no further"))
            }
            token = next
        }
    }

    public func page(
        of url: ObjectURL, delimiter: String?, after token: String?
    ) async throws(StorageError) -> ObjectPage {
        var call = GCSCall(.get, url.with(key: ""), suffix: "/o")
        call.query = [("prefix", url.key)]
        if let delimiter { call.query.append(("delimiter", delimiter)) }
        if let token { call.query.append(("pageToken", token)) }
        let answer = try answer(GCSList.self, try await expect(call), to: call)
        return ObjectPage(
            objects: (answer.items ?? []).map(\.object), folders: answer.prefixes ?? [], next: answer.nextPageToken)
    }

    public func buckets() async throws(StorageError) -> [StoredBucket] {
        let project = try await neededProject()
        var buckets: [StoredBucket] = []
        var token: String?
        repeat {
            var call = GCSCall(.get, "/storage/v1/b", "GET gs://")
            call.query = [("project", project)]
            if let token { call.query.append(("pageToken", token)) }
            let answer = try answer(GCSBucketList.self, try await expect(call), to: call)
            buckets += (answer.items ?? []).map(\.bucket)
            token = answer.nextPageToken
        } while token != nil
        return buckets
    }

    func neededProject() async throws(StorageError) -> String {
        do throws(CredentialFailure) {
            if let project = try await project() { return project }
        } catch {
            throw StorageError(error)
        }
        throw .service(
            ServiceError(
                .settings, "buckets of Google Cloud belong to projects: say which by GOOGLE_CLOUD_PROJECT"))
    }

    public var tellsPlaces: Bool { true }

    /// Nil for a bucket that is in several regions at once.
    public func location(of bucket: ObjectURL) async throws(StorageError) -> Location? {
        let call = GCSCall(.get, bucket.with(key: ""))
        let response = try await perform(call)
        if response.status == 404 { throw .unsuitable(path: "\(bucket)", reason: "there is no such bucket") }
        guard response.status == 200 else { throw Self.refusal(of: call, response) }
        let answer = try answer(GCSBucket.self, response, to: call)
        guard answer.locationType ?? "region" == "region", let name = answer.location else { return nil }
        return Location(provider: "gcp", region: name.lowercased())
    }
}

private struct GCSList: Decodable {
    let items: [GCSObject]?
    let prefixes: [String]?
    let nextPageToken: String?
}

private struct GCSBucketList: Decodable {
    let items: [GCSBucket]?
    let nextPageToken: String?
}

struct GCSBucket: Decodable {
    let name: String
    let location: String?
    let locationType: String?
    let timeCreated: String?
    let labels: [String: String]?

    var bucket: StoredBucket {
        StoredBucket(
            url: ObjectURL(.gs, bucket: name, key: ""), made: timeCreated.flatMap { Instant(iso8601: $0) },
            isOurs: labels?[BucketSpec.mark] != nil)
    }
}

private struct GCSRewrite: Decodable {
    let done: Bool
    let rewriteToken: String?
}

/// What Google says of an object. Numbers of 64 bits are texts.
struct GCSObject: Decodable {
    let name: String
    let size: String?
    let generation: String?
    let updated: String?
    let crc32c: String?
    let metadata: [String: String]?

    var object: StoredObject {
        StoredObject(
            key: name, size: DataSize(bytes: size.flatMap { Int64($0) } ?? 0), etag: generation ?? "",
            modified: updated.flatMap { Instant(iso8601: $0) },
            digest: metadata?["sha256"].flatMap { ArtifactDigest(hex: $0) },
            checksum: crc32c.map { ObjectChecksum(kind: .crc32c, value: $0) })
    }
}

/// What is said of an object when it is put.
struct GCSNewObject: Encodable {
    let name: String
    let contentType = "application/octet-stream"
    let metadata: [String: String]
    /// The store compares it.
    let crc32c: String

    init(name: String, digest: ArtifactDigest, crc32c: String) {
        self.name = name
        metadata = ["sha256": digest.hex]
        self.crc32c = crc32c
    }

    var json: [UInt8] {
        get throws(StorageError) {
            do { return Array(try JSONEncoder().encode(self)) } catch {
                throw .unsuitable(path: name, reason: "its name cannot be written")
            }
        }
    }
}

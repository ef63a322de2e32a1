import SkyAWS
public import SkyCore
import SkyHTTP

/// Some of a bucket's objects.
public struct S3Page: Hashable, Sendable {
    public var objects: [S3Object] = []
    /// With a delimiter: what keys go on with up to it, the beginning included.
    public var folders: [String] = []
    /// For the next page; nil after the last.
    public var next: String?
}

public struct S3Bucket: Hashable, Sendable {
    public let name: String
    public let made: Instant?
}

extension S3Client {
    /// Up to a thousand objects whose keys begin with `url.key`, in the order of their keys' bytes.
    ///
    /// - Parameters:
    ///   - delimiter: keys that go on with it later are told as one folder.
    ///   - token: of the page before.
    public func page(
        of url: S3URL, delimiter: String? = nil, after token: String? = nil
    ) async throws(StorageError) -> S3Page {
        var call = S3Call(.get, url.bucket)
        call.query = [.init("list-type", "2"), .init("prefix", url.key)]
        if let delimiter { call.query.append(.init("delimiter", delimiter)) }
        if let token { call.query.append(.init("continuation-token", token)) }
        let answer = try answer(try await expect(call), to: call)
        var page = S3Page()
        page.objects = answer.all("Contents").map { entry in
            S3Object(
                key: entry.text("Key") ?? "", size: DataSize(bytes: Int64(entry.text("Size") ?? "") ?? 0),
                etag: entry.text("ETag") ?? "", modified: entry.text("LastModified").flatMap { Instant(iso8601: $0) },
                digest: nil)
        }
        page.folders = answer.all("CommonPrefixes").compactMap { $0.text("Prefix") }
        if answer.text("IsTruncated") == "true" { page.next = answer.text("NextContinuationToken") }
        return page
    }

    /// All pages, one after the other.
    public func eachPage(
        of url: S3URL, delimiter: String? = nil, _ take: (S3Page) async throws(StorageError) -> Void
    ) async throws(StorageError) {
        var token: String?
        repeat {
            let page = try await page(of: url, delimiter: delimiter, after: token)
            try await take(page)
            token = page.next
        } while token != nil
    }

    public func buckets() async throws(StorageError) -> [S3Bucket] {
        let call = S3Call(.get, "")
        let answer = try answer(try await expect(call), to: call)
        return (answer.first("Buckets")?.all("Bucket") ?? []).map { bucket in
            S3Bucket(
                name: bucket.text("Name") ?? "", made: bucket.text("CreationDate").flatMap { Instant(iso8601: $0) })
        }
    }
}

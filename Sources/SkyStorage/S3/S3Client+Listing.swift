import SkyAWS
import SkyCore
import SkyHTTP

extension S3Client {
    /// Up to a thousand.
    public func page(
        of url: ObjectURL, delimiter: String?, after token: String?
    ) async throws(StorageError) -> ObjectPage {
        var call = S3Call(.get, url.bucket)
        call.query = [.init("list-type", "2"), .init("prefix", url.key)]
        if let delimiter { call.query.append(.init("delimiter", delimiter)) }
        if let token { call.query.append(.init("continuation-token", token)) }
        let answer = try answer(try await expect(call), to: call)
        var page = ObjectPage()
        page.objects = answer.all("Contents").map { entry in
            StoredObject(
                key: entry.text("Key") ?? "", size: DataSize(bytes: Int64(entry.text("Size") ?? "") ?? 0),
                etag: entry.text("ETag") ?? "", modified: entry.text("LastModified").flatMap { Instant(iso8601: $0) },
                digest: nil)
        }
        page.folders = answer.all("CommonPrefixes").compactMap { $0.text("Prefix") }
        if answer.text("IsTruncated") == "true" { page.next = answer.text("NextContinuationToken") }
        return page
    }

    public func buckets() async throws(StorageError) -> [StoredBucket] {
        let call = S3Call(.get, "")
        let answer = try answer(try await expect(call), to: call)
        return (answer.first("Buckets")?.all("Bucket") ?? []).map { bucket in
            StoredBucket(
                url: ObjectURL(.s3, bucket: bucket.text("Name") ?? "", key: ""),
                made: bucket.text("CreationDate").flatMap { Instant(iso8601: $0) })
        }
    }
}

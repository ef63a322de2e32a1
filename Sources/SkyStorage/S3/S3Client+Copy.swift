import SkyAWS
import SkyCore
import SkyHTTP

extension S3Client {
    /// What S3 copies with one call.
    static let longestCopy = DataSize(bytes: 5 << 30)

    /// Copies an object from bucket to bucket without its bytes coming here, with what is said of it. Both are of this endpoint.
    ///
    /// - Throws: `.unsuitable` when there is no such object, or it is longer than `longestCopy`.
    public func copy(
        _ source: ObjectURL, to destination: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> Bool {
        guard let object = try await object(source) else {
            throw .unsuitable(path: "\(source)", reason: "there is no such object")
        }
        guard object.size <= Self.longestCopy else {
            throw .unsuitable(
                path: "\(source)",
                reason: "is longer than \(Self.longestCopy), which S3 copies at once: fetch it and send it")
        }
        if existing == .keep, try await self.object(destination) != nil { return false }
        var call = S3Call(.put, destination.bucket, destination.key)
        call.headers["x-amz-copy-source"] = PercentEncoding.encode(
            "/\(source.bucket)/\(source.key)", keepingSlashes: true)
        call.headers["x-amz-copy-source-if-match"] = object.etag
        call.retries = .ofFiles
        _ = try answer(try await expect(call), to: call)
        return true
    }
}

import SkyAWS
public import SkyCore
import SkyHTTP

extension S3Client {
    /// A signed address. One that is signed with credentials that end earlier ends with them.
    public func grant(for url: ObjectURL, lasting: TimeSpan) async throws(StorageError) -> ReadGrant? {
        ReadGrant(url: try await presigned(S3Call(.get, url.bucket, url.key), for: lasting))
    }

    /// The checksum is signed too: nothing else can be put with it.
    public func writeGrant(
        for file: FileFingerprint, at url: ObjectURL, lasting: TimeSpan
    ) async throws(StorageError) -> WriteGrant? {
        var call = S3Call(.put, url.bucket, url.key)
        call.headers = [
            "x-amz-checksum-sha256": file.whole.base64, Self.digestHeader: file.whole.hex, "If-None-Match": "*",
        ]
        return WriteGrant(
            0..<file.size, url: try await presigned(call, for: lasting), headers: Self.lines(call.headers))
    }

    public func writeGrant(
        forPart number: Int, of upload: String, to url: ObjectURL, _ file: FileFingerprint, lasting: TimeSpan
    ) async throws(StorageError) -> WriteGrant? {
        var call = S3Call(.put, url.bucket, url.key)
        call.query = [.init("partNumber", String(number)), .init("uploadId", upload)]
        call.headers = ["x-amz-checksum-sha256": file.checksums[number - 1]]
        return WriteGrant(
            PartPlan(size: file.size, rules)[number - 1], url: try await presigned(call, for: lasting),
            headers: Self.lines(call.headers))
    }

    private func presigned(_ call: S3Call, for lifetime: TimeSpan) async throws(StorageError) -> Secret {
        let identity: AWSCredentials
        do { identity = try await credentials.credentials().credentials } catch { throw StorageError(error) }
        let region = known(regionOf: call.bucket)
        let (origin, path) = address(of: call, in: region)
        let signature = SignatureV4(identity, region: region, service: "s3")
        let request = AWSRequest(call.method, origin: origin, path: path, query: call.query, headers: call.headers)
        return Secret(signature.presign(request, at: surroundings.now(), for: lifetime))
    }

    private static func lines(_ headers: HTTPHeaders) -> [String] { headers.fields.map { "\($0.name): \($0.value)" } }
}

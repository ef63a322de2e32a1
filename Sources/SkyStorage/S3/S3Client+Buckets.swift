import SkyAWS
import SkyHTTP

extension S3Client {
    public func make(_ bucket: BucketSpec) async throws(StorageError) {
        let name = bucket.url.bucket
        let region = bucket.region
        // The first region of all is the one that must not be named.
        let place = "<LocationConstraint>\(Self.escaped(region))</LocationConstraint>"
        let body = "<CreateBucketConfiguration xmlns=\"\(Self.namespace)\">\(place)</CreateBucketConfiguration>"
        try await makeBucket(name, in: region, body: region == "us-east-1" || !isAWS ? nil : body)
        try await configure(
            name, "tagging",
            "<Tagging xmlns=\"\(Self.namespace)\"><TagSet><Tag><Key>\(BucketSpec.mark)</Key><Value>artifacts</Value></Tag>"
                + "</TagSet></Tagging>")
        try await configure(
            name, "lifecycle",
            "<LifecycleConfiguration xmlns=\"\(Self.namespace)\"><Rule><ID>sky-stale-uploads</ID><Filter><Prefix></Prefix>"
                + "</Filter><Status>Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>"
                + "\(BucketSpec.staleDays)</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"
                + "</LifecycleConfiguration>")
        let names = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
        let switches = names.map { "<\($0)>true</\($0)>" }.joined()
        let root = "PublicAccessBlockConfiguration"
        try await configure(name, "publicAccessBlock", "<\(root) xmlns=\"\(Self.namespace)\">\(switches)</\(root)>")
    }

    /// One that is there already and ours is as good as a new one.
    public func makeBucket(_ name: String, in region: String? = nil, body: String? = nil) async throws(StorageError) {
        var call = S3Call(.put, name)
        if let body { call.set(xml: body) }
        if let region { settle(region, of: name) }
        let response = try await perform(call)
        if response.status == 200 { return }
        let error = AWSError(call.asked, response)
        guard error.code == "BucketAlreadyOwnedByYou" else { throw StorageError(error) }
    }

    /// Servers that only speak like S3 need not have all that a bucket of AWS can be told.
    private func configure(_ bucket: String, _ what: String, _ text: String) async throws(StorageError) {
        var call = S3Call(.put, bucket)
        call.query = [.init(what)]
        call.set(xml: text)
        let response = try await perform(call)
        if (200..<300).contains(response.status) || (!isAWS && [400, 404, 405, 500, 501].contains(response.status)) {
            return
        }
        throw StorageError(AWSError(call.asked, response))
    }

    public func removeBucket(_ bucket: ObjectURL) async throws(StorageError) -> Bool {
        // S3 refuses to remove a bucket with something in it; not all that speak like it do.
        var list = S3Call(.get, bucket.bucket)
        list.query = [.init("list-type", "2"), .init("max-keys", "1")]
        let listed = try await perform(list)
        if listed.status == 404 { return true }
        guard listed.status == 200 else { throw StorageError(AWSError(list.asked, listed)) }
        guard try answer(listed, to: list).all("Contents").isEmpty else { return false }
        let call = S3Call(.delete, bucket.bucket)
        let response = try await perform(call)
        if [200, 204, 404].contains(response.status) { return true }
        let error = AWSError(call.asked, response)
        if error.code == "BucketNotEmpty" { return false }
        throw StorageError(error)
    }
}

extension S3Call {
    /// With its checksum, which calls of this kind want.
    mutating func set(xml text: String) {
        let bytes = Array(text.utf8)
        let digest = ArtifactDigest(hashing: bytes)
        headers["Content-Type"] = "application/xml"
        headers["x-amz-checksum-sha256"] = digest.base64
        body = .bytes(bytes, sha256: digest)
    }
}

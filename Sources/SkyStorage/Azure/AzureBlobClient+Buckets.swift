import SkyHTTP

extension AzureBlobClient {
    /// A container of the account, which is where the account is. Nobody but who has a key or a right reads in it, and blocks
    /// that no blob is made of the service drops by itself after a week.
    public func make(_ bucket: BucketSpec) async throws(StorageError) {
        var call = AzureCall.container(.put, bucket.url)
        call.headers["x-ms-meta-\(BucketSpec.mark)"] = "artifacts"
        let response = try await perform(call)
        guard response.status == 201 || Self.code(of: response) == "ContainerAlreadyExists" else {
            throw Self.refusal(of: call, response)
        }
    }

    /// A container goes with all that is in it, so it is looked into first.
    public func removeBucket(_ bucket: ObjectURL) async throws(StorageError) -> Bool {
        let root = bucket.with(key: "")
        let there = try await perform(AzureCall.container(.head, root))
        if there.status == 404 { return true }
        guard try await page(of: root, delimiter: nil, after: nil).objects.isEmpty else { return false }
        _ = try await expect(AzureCall.container(.delete, root), [202, 404])
        return true
    }
}

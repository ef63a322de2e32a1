import FoundationEssentials
import SkyHTTP

extension GCSClient {
    public func make(_ bucket: BucketSpec) async throws(StorageError) {
        var call = GCSCall(.post, "/storage/v1/b", "POST \(bucket.url)")
        call.query = [("project", try await neededProject())]
        do { call.setJSON(Array(try JSONEncoder().encode(NewBucket(bucket)))) } catch {
            throw .unsuitable(path: "\(bucket.url)", reason: "its name cannot be written")
        }
        let response = try await perform(call)
        switch response.status {
        case 200: return
        // It is there: ours, or one that we may not use, which the first call tells.
        case 409: _ = try await expect(GCSCall(.get, bucket.url.with(key: "")))
        default: throw Self.refusal(of: call, response)
        }
    }

    public func removeBucket(_ bucket: ObjectURL) async throws(StorageError) -> Bool {
        let response = try await perform(GCSCall(.delete, bucket.with(key: "")))
        if response.status == 409 { return false }
        guard [200, 204, 404].contains(response.status) else {
            throw Self.refusal(of: GCSCall(.delete, bucket.with(key: "")), response)
        }
        return true
    }
}

private struct NewBucket: Encodable {
    let name: String
    let location: String
    let labels = [BucketSpec.mark: "artifacts"]
    let iamConfiguration = Access()
    let lifecycle = Lifecycle()

    init(_ bucket: BucketSpec) {
        name = bucket.url.bucket
        location = bucket.region
    }

    struct Access: Encodable {
        let publicAccessPrevention = "enforced"
        let uniformBucketLevelAccess = Switch()
        struct Switch: Encodable { let enabled = true }
    }

    struct Lifecycle: Encodable {
        let rule = [Rule()]
        struct Rule: Encodable {
            let action = Action()
            let condition = Condition()
        }
        struct Action: Encodable { let type = "AbortIncompleteMultipartUpload" }
        struct Condition: Encodable { let age = BucketSpec.staleDays }
    }
}

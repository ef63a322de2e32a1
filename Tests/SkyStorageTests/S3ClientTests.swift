import SkyAWS
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyStorage

@Suite(
    "Objects of a real S3 server", .timeLimit(.minutes(10)),
    .enabled(if: LoopbackS3.canRun, Comment(rawValue: LoopbackS3.obstacle ?? "")))
struct S3ClientTests {
    private static let awkwardKeys = [
        "plain", "with space", "plus+plus", "a&b=c;d", "per%20cent%", "ä/ö/日本", "quote'\"<>", "tilde~(1)!*", "q?x=1#f",
        "colon:@$,", "{curly}|^`",
    ]

    @Test("keys of every kind are put, listed, read and deleted", arguments: awkwardKeys)
    func awkwardKey(key: String) async throws {
        try await S3Fixture.use { s3 in
            try await s3.put("content of \(key)", at: key)
            let page = try await s3.client.page(of: s3.url(), delimiter: nil, after: nil)
            #expect(page.objects.map(\.key) == [key])
            #expect(try await s3.client.bytes(of: s3.url(key)) == bytes("content of \(key)"))
            #expect(
                try await s3.client.object(s3.url(key))?.digest == ArtifactDigest(hashing: bytes("content of \(key)")))
            try await s3.client.delete([key], in: s3.url())
            #expect(try await s3.client.object(s3.url(key)) == nil)
            #expect(try await s3.client.bytes(of: s3.url(key)) == nil)
        }
    }

    @Test("a listing has as many pages as it needs, and folders where they are asked for")
    func listing() async throws {
        try await S3Fixture.use { s3 in
            try await concurrently(0..<1203, width: 32) { index async throws(StorageError) in
                let name = bytes("\(index)")
                let key = index < 3 ? "top-\(index)" : "folder-\(index % 2)/\(index)"
                try await s3.client.put(name, digest: ArtifactDigest(hashing: name), at: s3.url(key), existing: .keep)
            }
            var keys: [String] = []
            var pages = 0
            try await s3.client.eachPage(of: s3.url()) { page async throws(StorageError) in
                keys += page.objects.map(\.key)
                pages += 1
            }
            #expect(Set(keys).count == 1203 && keys.count == 1203)
            #expect(pages >= 2)
            let top = try await s3.client.page(of: s3.url(), delimiter: "/", after: nil)
            #expect(top.objects.map(\.key) == ["top-0", "top-1", "top-2"])
            #expect(top.folders == ["folder-0/", "folder-1/"])
            #expect(top.objects.first?.size == DataSize(bytes: 1))
            #expect(top.objects.first?.modified != nil)
        }
    }

    @Test("of many who put one object at once, one does")
    func oneWinner() async throws {
        try await S3Fixture.use { s3 in
            let winners = Collected<Int>()
            try await concurrently(0..<16, width: 16) { index async throws(StorageError) in
                let content = bytes("writer \(index)")
                let isNew = try await s3.client.put(
                    content, digest: ArtifactDigest(hashing: content), at: s3.url("one"), existing: .keep)
                if isNew { winners.add(index) }
            }
            #expect(winners.all.count == 1)
            #expect(try await s3.client.bytes(of: s3.url("one")) == bytes("writer \(winners.all.first ?? -1)"))
        }
    }

    @Test("a body that does not have its checksum is refused")
    func badDigest() async throws {
        try await S3Fixture.use { s3 in
            let error = await #expect(throws: StorageError.self) {
                try await s3.client.put(
                    bytes("abc"), digest: ArtifactDigest(hashing: bytes("abd")), at: s3.url("bad"), existing: .replace)
            }
            guard case .service = error else { throw Unexpected() }
            #expect(try await s3.client.object(s3.url("bad")) == nil)
        }
    }

    private struct Unexpected: Error {}

    @Test("refusals carry the service's code, what was asked, and the request's id")
    func refusals() async throws {
        try await S3Fixture.use { s3 in
            let error = await #expect(throws: StorageError.self) {
                try await s3.client.page(
                    of: ObjectURL(bucket: "no-such-bucket-there", key: ""), delimiter: nil, after: nil)
            }
            guard case .service(let refusal) = error else { throw Unexpected() }
            #expect(refusal.code == "NoSuchBucket" && refusal.status == 404)
            #expect(refusal.message.hasPrefix("GET s3://no-such-bucket-there/: NoSuchBucket (HTTP 404)"))
            #expect(refusal.message.contains("request "))

            var environment = s3.server.environment
            environment["AWS_SECRET_ACCESS_KEY"] = "wrong"
            let stranger = try S3Fixture.client(environment)
            let denied = await #expect(throws: StorageError.self) {
                try await stranger.page(of: s3.url(), delimiter: nil, after: nil)
            }
            guard case .service(let denial) = denied else { throw Unexpected() }
            #expect(denial.code == "SignatureDoesNotMatch")
            #expect(!denial.message.contains("wrong"))
        }
    }

    @Test("what an input would bring is known before: of an object, and of all of a folder")
    func sizes() async throws {
        try await S3Fixture.use { s3 in
            try await s3.put("abc", at: "in/a")
            try await s3.put("de", at: "in/deep/b")
            try await s3.put("other", at: "inside")
            func size(_ key: String) async throws(StorageError) -> DataSize {
                try await ObjectInput(s3.client, s3.url(key), scratch: s3.folder).look().size
            }
            #expect(try await size("in/a") == DataSize(bytes: 3))
            for folder in ["in", "in/"] { #expect(try await size(folder) == DataSize(bytes: 5)) }
            await #expect(throws: StorageError.self) { try await size("none") }
            await #expect(throws: StorageError.self) { try await s3.client.region(ofBucket: "no-such-bucket-there") }
            #expect(!s3.client.isAWS)
        }
    }

    @Test("a bucket's region is told to whoever asks elsewhere, and to whoever may not read it")
    func regions() async throws {
        let server = try LoopbackHTTPServer { request in
            let isThere = request.headers["authorization"]?.contains("/eu-west-1/s3/") ?? false
            return [.reply(isThere ? 403 : 301, headers: [("x-amz-bucket-region", "eu-west-1")])]
        }
        defer { server.stop() }
        let client = try S3Fixture.client([
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": server.url,
            "AWS_REGION": "us-east-1", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        ])
        #expect(try await client.region(ofBucket: "bucket") == "eu-west-1")
        #expect(server.requests.map(\.method) == ["HEAD", "HEAD"])
    }

    @Test("what begins with s3:// and names no bucket is no URL")
    func urls() {
        #expect(ObjectURL("s3://bucket/a/b c") == ObjectURL(bucket: "bucket", key: "a/b c"))
        #expect(ObjectURL("s3://bucket") == ObjectURL(bucket: "bucket", key: ""))
        #expect(ObjectURL("s3://bucket/")?.description == "s3://bucket/")
        for text in ["s3://", "s3:///key", "s3://ab/key", "s3://b ucket/", "/path", "S3://bucket/k", "s3://-bucket/"] {
            #expect(ObjectURL(text) == nil, "\(text)")
        }
    }
}

@Suite("How long objects are cut")
struct PartPlanTests {
    @Test(
        "parts cover the whole, are whole MiB, and never too many or too small",
        arguments: [0, 1, 8 << 20, (8 << 20) + 1, 5 << 30, 79 << 30, 1 << 40, 5 << 40] as [Int64])
    func plan(size: Int64) {
        let plan = PartPlan(size: size)
        #expect(plan.count >= 1 && plan.count <= 10_000)
        #expect(plan.partSize >= 5 << 20 && plan.partSize <= 5 << 30 && plan.partSize % (1 << 20) == 0)
        #expect(plan[0].lowerBound == 0 && plan[plan.count - 1].upperBound == size)
        if plan.count > 1 { #expect(plan[0].upperBound == plan[1].lowerBound) }
        #expect((0..<plan.count).reduce(0) { $0 + Int64(plan[$1].count) } == size)
    }

    @Test("Base64 of digests is as headers want it")
    func base64() {
        #expect(
            ArtifactDigest(hashing: []).base64 == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    }
}

import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

@Suite(
    "Objects by the command line", .timeLimit(.minutes(15)),
    .enabled(if: LoopbackS3.canRun, Comment(rawValue: LoopbackS3.obstacle ?? "")))
struct StorageTests {
    static func use(_ body: (SkyUnderTest, LoopbackS3, _ bucket: String) async throws -> Void) async throws {
        let server = try await LoopbackS3.shared()
        try await SkyUnderTest.use { sky in
            let bucket = "cli-\(UInt64.random(in: 0 ... .max))"
            try await makeBucket(bucket, sky, server)
            try await body(sky.with(server.environment), server, bucket)
        }
    }

    /// There is no command of ours for it.
    static func makeBucket(_ name: String, _ sky: SkyUnderTest, _ server: LoopbackS3) async throws {
        let made = try await sky.run(
            "/usr/bin/env",
            [
                "python3", "-c", Self.bucketMaker, server.url, name, LoopbackS3.accessKey, LoopbackS3.secretKey,
            ])
        try #require(made.exitCode == 0, "\(made.errors)")
    }

    /// Signature 4 in a few lines of Python's own library.
    private static let bucketMaker = """
        import sys, hmac, hashlib, datetime, urllib.request
        url, name, key, secret = sys.argv[1:]
        now = datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%dT%H%M%SZ')
        empty = hashlib.sha256(b'').hexdigest()
        host = url.split('//')[1]
        scope = now[:8] + '/us-east-1/s3/aws4_request'
        names = 'host;x-amz-content-sha256;x-amz-date'
        lines = f'host:{host}\\nx-amz-content-sha256:{empty}\\nx-amz-date:{now}\\n'
        canonical = f'PUT\\n/{name}\\n\\n{lines}\\n{names}\\n{empty}'
        text = f'AWS4-HMAC-SHA256\\n{now}\\n{scope}\\n' + hashlib.sha256(canonical.encode()).hexdigest()
        k = ('AWS4' + secret).encode()
        for step in scope.split('/') + [text]: k = hmac.new(k, step.encode(), hashlib.sha256).digest()
        authorization = f'AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={k.hex()}'
        headers = {'x-amz-date': now, 'x-amz-content-sha256': empty, 'Authorization': authorization}
        urllib.request.urlopen(urllib.request.Request(f'{url}/{name}', method='PUT', headers=headers))
        """

    static func random(_ count: Int, at path: String) throws -> Data {
        var generator = SeededGenerator(seed: UInt64(count))
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { raw in
            for place in stride(from: 0, to: count - 7, by: 8) {
                raw.storeBytes(of: generator.next(), toByteOffset: place, as: UInt64.self)
            }
        }
        let data = Data(bytes)
        try FileManager.default.createDirectory(
            atPath: String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]), withIntermediateDirectories: true)
        try data.write(to: URL(filePath: path))
        return data
    }

    @Test("files and folders go there, are listed, come back and are removed")
    func roundTrip() async throws {
        try await Self.use { sky, _, bucket in
            let long = try Self.random(20_000_000, at: "\(sky.home)/in/deep/long.bin")
            let short = try Self.random(100, at: "\(sky.home)/in/short")
            let up = try await sky("storage", "cp", "--recursive", "\(sky.home)/in", "s3://\(bucket)/data")
            #expect(up.exitCode == 0, "\(up.errors)")
            #expect(up.errors.hasPrefix("copied 2 files, 20.0 MB ("))
            let list = try await sky("storage", "ls", "s3://\(bucket)/data/")
            #expect(list.output.contains("data/deep/\n") && list.output.contains("data/short\n"))
            let all = try await sky("storage", "ls", "-r", "s3://\(bucket)", "--output", "json")
            #expect(all.output.contains("\"url\" : \"s3://\(bucket)/data/deep/long.bin\""))
            #expect(all.output.contains("\"bytes\" : 20000000"))

            let again = try await sky("storage", "cp", "-r", "-n", "\(sky.home)/in", "s3://\(bucket)/data")
            #expect(again.errors.hasPrefix("copied 0 files, 0 B; 2 files there already"))
            let across = try await sky("storage", "cp", "-r", "s3://\(bucket)/data/", "s3://\(bucket)/copy/")
            #expect(across.exitCode == 0, "\(across.errors)")
            let down = try await sky("storage", "cp", "-r", "s3://\(bucket)/copy", "\(sky.home)/out")
            #expect(down.exitCode == 0, "\(down.errors)")
            #expect(try Data(contentsOf: URL(filePath: "\(sky.home)/out/deep/long.bin")) == long)
            #expect(try Data(contentsOf: URL(filePath: "\(sky.home)/out/short")) == short)
            let one = try await sky("storage", "cp", "s3://\(bucket)/copy/short", "\(sky.home)/out/deep")
            #expect(one.exitCode == 0, "\(one.errors)")
            #expect(try Data(contentsOf: URL(filePath: "\(sky.home)/out/deep/short")) == short)

            let removed = try await sky("storage", "rm", "-r", "s3://\(bucket)/data/", "--output", "json")
            #expect(removed.output.contains("\"objects\" : 2"))
            #expect(try await sky("storage", "ls", "s3://\(bucket)").output.contains("copy/\n"))
        }
    }

    @Test("what is asked wrongly, and what the store refuses, is said with what to type next")
    func refusals() async throws {
        try await Self.use { sky, _, bucket in
            let nobody = try await sky("storage", "rm", "s3://\(bucket)/none")
            #expect(nobody.exitCode == 2)
            #expect(
                nobody.errors == "error: there is nothing at s3://\(bucket)/none\n  → sky storage ls s3://\(bucket)/\n")
            #expect(try await sky("storage", "rm", "s3://\(bucket)").exitCode == 2)
            #expect(try await sky("storage", "cp", "a", "b").errors.contains("is in a bucket"))
            #expect(try await sky("storage", "cp", "s3://\(bucket)/none", "b").exitCode == 2)
            let wrong = try await sky.with([
                "AWS_SECRET_ACCESS_KEY": "not-it", "AWS_ACCESS_KEY_ID": LoopbackS3.accessKey,
            ])(
                "storage", "ls", "s3://\(bucket)", "--endpoint", sky.variables["AWS_ENDPOINT_URL"] ?? "")
            #expect(wrong.exitCode == 3)
            #expect(wrong.errors.contains("SignatureDoesNotMatch (HTTP 403)") && !wrong.errors.contains("not-it"))
        }
    }

    @Test(
        "a key that would leave its folder is not written", arguments: ["a/../../evil", "a//etc/evil", "a/./b", "a/.."])
    func escape(key: String) async throws {
        let server = try LoopbackHTTPServer { request in
            guard request.target.contains("list-type") else { return [.reply(200, body: "evil")] }
            let entry = "<Contents><Key>\(key)</Key><Size>4</Size><ETag>e</ETag></Contents>"
            return [.reply(200, body: "<ListBucketResult>\(entry)</ListBucketResult>")]
        }
        defer { server.stop() }
        try await SkyUnderTest.use { sky in
            let keys = ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"]
            let down = try await sky.with(keys)(
                "storage", "cp", "-r", "s3://bucket/a", "\(sky.home)/out/in", "--endpoint", server.url)
            #expect(down.exitCode == 2)
            #expect(down.errors.contains("cannot be the path of a file"), "\(down.errors)")
            #expect(!FileManager.default.fileExists(atPath: "\(sky.home)/out"))
        }
    }

    @Test("killed ten times, an upload arrives intact, and only parts that were under way are sent again")
    func killedUpload() async throws {
        try await Self.use { sky, server, bucket in
            let content = try Self.random(160_000_000, at: "\(sky.home)/source")
            // Slow enough that no machine is done before it was killed ten times.
            let relay = try CountingRelay(to: server.port, bytesPerSecond: 50_000_000)
            defer { relay.stop() }
            let counted = sky.with(server.environment.merging(["AWS_ENDPOINT_URL": relay.url]) { $1 })
            var random = SeededGenerator(seed: 10)
            for _ in 0..<10 {
                try await killed(
                    counted, ["cp", "\(sky.home)/source", "s3://\(bucket)/file"],
                    after: .milliseconds(Int.random(in: 50...900, using: &random)))
            }
            let last = try await counted(
                "storage", "cp", "\(sky.home)/source", "s3://\(bucket)/file", "--output", "json")
            #expect(last.exitCode == 0, "\(last.errors)")
            // Four parts of 8 MiB may have been under way at each kill; the rest are heads, lists and answers.
            #expect(relay.sent < Int64(content.count) + 10 * 4 * (8 << 20) + 2_000_000)
            let back = try await sky("storage", "cp", "s3://\(bucket)/file", "\(sky.home)/back")
            #expect(back.exitCode == 0, "\(back.errors)")
            #expect(try Data(contentsOf: URL(filePath: "\(sky.home)/back")) == content)
            // A kill between the server's answer and our note of it leaves an upload without parts.
            let swept = try await sky("storage", "rm", "s3://\(bucket)", "--stale-uploads", "0s")
            #expect(swept.exitCode == 0, "\(swept.errors)")
            #expect(try await sky("storage", "ls", "s3://\(bucket)", "--uploads").output.isEmpty)
        }
    }

    @Test("killed ten times, a download arrives intact, and leaves nothing beside it")
    func killedDownload() async throws {
        try await Self.use { sky, server, bucket in
            let content = try Self.random(160_000_000, at: "\(sky.home)/source")
            let up = try await sky("storage", "cp", "\(sky.home)/source", "s3://\(bucket)/file")
            #expect(up.exitCode == 0, "\(up.errors)")
            var random = SeededGenerator(seed: 11)
            for _ in 0..<10 {
                try await killed(
                    sky, ["cp", "s3://\(bucket)/file", "\(sky.home)/out/file"],
                    after: .milliseconds(Int.random(in: 50...400, using: &random)))
                // Killed or not: what stands there is whole.
                if FileManager.default.fileExists(atPath: "\(sky.home)/out/file") { break }
            }
            let last = try await sky("storage", "cp", "s3://\(bucket)/file", "\(sky.home)/out/file")
            #expect(last.exitCode == 0, "\(last.errors)")
            #expect(try Data(contentsOf: URL(filePath: "\(sky.home)/out/file")) == content)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(sky.home)/out") == ["file"])
        }
    }

    private func killed(_ sky: SkyUnderTest, _ arguments: [String], after time: Duration) async throws {
        let process = try ProcessSpawn(
            sky.binary, ["storage"] + arguments, environment: sky.environment, standardOutput: .null,
            standardError: .null
        ).start()
        try await Task.sleep(for: time)
        process.signal(SIGKILL)
        _ = await process.wait()
    }
}

import FoundationEssentials
import SkyProcess
import SkyTestSupport
import Testing

/// Inputs that are in a bucket and are read on hosts elsewhere.
@Suite(
    "Nodes that fetch inputs from a bucket", .tags(.integration), .serialized, .timeLimit(.minutes(15)),
    .enabled(if: LoopbackS3.canRun, Comment(rawValue: LoopbackS3.obstacle ?? "")))
struct DirectInputTests {
    private func use(_ body: (SkyUnderTest, LoopbackS3, _ bucket: String) async throws -> Void) async throws {
        try await FarmWithBucket.use(stores: { "buckets: {\($0): aws/us-east-1}\n" }) { sky, _, server, bucket in
            try await body(sky, server, bucket)
        }
    }

    /// As other programs put it: without its SHA-256. Signature 4 in a few lines of Python's own library.
    private static let putter = """
        import sys, hmac, hashlib, datetime, urllib.request
        url, key, secret, text = sys.argv[1:]
        now = datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%dT%H%M%SZ')
        host, path = url.split('//')[1].split('/', 1)
        digest = hashlib.sha256(text.encode()).hexdigest()
        names = 'host;x-amz-content-sha256;x-amz-date'
        request = f'PUT\\n/{path}\\n\\nhost:{host}\\nx-amz-content-sha256:{digest}\\nx-amz-date:{now}\\n\\n{names}\\n{digest}'
        scope = f'{now[:8]}/us-east-1/s3/aws4_request'
        told = f'AWS4-HMAC-SHA256\\n{now}\\n{scope}\\n' + hashlib.sha256(request.encode()).hexdigest()
        step = ('AWS4' + secret).encode()
        for part in scope.split('/'): step = hmac.new(step, part.encode(), 'sha256').digest()
        signature = hmac.new(step, told.encode(), 'sha256').hexdigest()
        headers = {'X-Amz-Date': now, 'X-Amz-Content-Sha256': digest, 'Content-Type': 'text/plain', 'Authorization':
            f'AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}'}
        urllib.request.urlopen(urllib.request.Request(url, text.encode(), headers, method='PUT')).read()
        """

    /// For a shell.
    private func putPlain(_ text: String, at address: String, _ sky: SkyUnderTest) throws -> String {
        let script = try sky.write(Self.putter, as: "put.py")
        return "python3 \(script) \(address) \(LoopbackS3.accessKey) \(LoopbackS3.secretKey) '\(text)'"
    }

    private func driverLog(_ sky: SkyUnderTest) async throws -> String {
        try await sky.run("/bin/sh", ["-c", "grep -rhE 'straight|by way of' '\(sky.home)/state' || true"]).output
    }

    @Test("what is known by its digests does not come to this machine, and is not counted twice")
    func known() async throws {
        try await use { sky, _, bucket in
            _ = try StorageTests.random(40_000_000, at: "\(sky.home)/in/deep/long.bin")
            _ = try sky.write("short", as: "in/a")
            let copied = try await sky("storage", "cp", "-r", "\(sky.home)/in", "s3://\(bucket)/in")
            try #require(copied.exitCode == 0, "\(copied.errors)")
            let path = try sky.write(
                """
                name: far
                stages:
                  read:
                    inputs: {raw: s3://\(bucket)/in/, one: s3://\(bucket)/in/a}
                    outputs: {sum: {size: 1KB}}
                    resources: {infra: ssh, cpus: 1+}
                    run: |
                      cat "$SKY_INPUT_ONE" && wc -c < "$SKY_INPUT_RAW/deep/long.bin" && sha256sum < "$SKY_INPUT_RAW/a"
                      echo done > "$SKY_OUTPUT_SUM"
                """, as: "p.yaml")
            let plan = try await sky("plan", path)
            #expect(!plan.output.contains("→ this machine"), "\(plan.output)")
            // Nothing of more than 8 MiB can be written by whoever is no host.
            let launch = try await sky.run(
                "/bin/bash", ["-c", "ulimit -f 8192; exec '\(sky.binary)' launch '\(path)' --yes"])
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("far", in: launch)
            let logs = try await sky("logs", run, "read").output
            #expect(logs.contains("40000000") && logs.contains("short"), "\(logs)")
            let log = try await driverLog(sky)
            #expect(log.contains("inputs/raw came straight from") && !log.contains("by way of"), "\(log)")
            // Known is known: the stage is not done again.
            let again = try await sky("launch", path, "--yes")
            let status = try await sky("status", try sky.runName("far", in: again), "--output", "json")
            #expect(status.output.contains(run), "\(status.output)")
        }
    }

    /// Reads two objects that nobody has told the digests of, one of them in a folder.
    private func plain(_ sky: SkyUnderTest, _ server: LoopbackS3, _ bucket: String, infra: String) async throws
        -> String
    {
        for (text, key) in [("plain words", "in/words"), ("and deeper ones", "in/deep/words")] {
            let put = try await sky.run(
                "/bin/sh", ["-c", try putPlain(text, at: "\(server.url)/\(bucket)/\(key)", sky)])
            try #require(put.exitCode == 0, "\(put.errors)")
        }
        return try sky.write(
            """
            name: plain
            stages:
              read:
                inputs: {raw: s3://\(bucket)/in/words, all: s3://\(bucket)/in/}
                outputs: {sum: {size: 1KB}}
                resources: {infra: \(infra), cpus: 1+}
                run: cat "$SKY_INPUT_RAW" "$SKY_INPUT_ALL/deep/words"; echo > "$SKY_OUTPUT_SUM"
            """, as: "p.yaml")
    }

    @Test("what nobody has told the digest of does not come here either, and is known again while it stays the same")
    func unread() async throws {
        try await use { sky, server, bucket in
            let path = try await plain(sky, server, bucket, infra: "ssh")
            let plan = try await sky("plan", path)
            #expect(!plan.output.contains("→ this machine"), "\(plan.output)")
            let launch = try await sky("launch", path, "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("plain", in: launch)
            let logs = try await sky("logs", run, "read").output
            #expect(logs.contains("plain words") && logs.contains("and deeper ones"), "\(logs)")
            let log = try await driverLog(sky)
            #expect(log.contains("inputs/raw came straight from") && log.contains("inputs/all came straight"), "\(log)")
            #expect(!log.contains("by way of"), "\(log)")
            let here = try await sky.run(
                "/bin/sh", ["-c", "grep -rl 'plain words' '\(sky.home)/state/stores' || true"])
            #expect(here.output.isEmpty, "\(here.output)")
            // Unchanged is known: the stage is not done again, until somebody puts something else there.
            let again = try await sky("launch", path, "--yes")
            let status = try await sky("status", try sky.runName("plain", in: again), "--output", "json")
            #expect(status.output.contains(run), "\(status.output)")
            _ = try await sky.run(
                "/bin/sh", ["-c", try putPlain("other words", at: "\(server.url)/\(bucket)/in/words", sky)])
            let third = try await sky("launch", path, "--yes")
            try #require(third.exitCode == 0, "\(third.output)\(third.errors)")
            let news = try await sky("logs", try sky.runName("plain", in: third), "read").output
            #expect(news.contains("other words"), "\(news)")
        }
    }

    @Test("what nobody has read is read here when its stage runs here")
    func unreadHere() async throws {
        try await use { sky, server, bucket in
            let launch = try await sky("launch", try await plain(sky, server, bucket, infra: "local"), "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let logs = try await sky("logs", try sky.runName("plain", in: launch), "read").output
            #expect(logs.contains("plain words") && logs.contains("and deeper ones"), "\(logs)")
        }
    }

    @Test("what has changed since the launch fails the stage, and says so")
    func changed() async throws {
        try await use { sky, server, bucket in
            _ = try sky.write("before", as: "words")
            let copied = try await sky("storage", "cp", "\(sky.home)/words", "s3://\(bucket)/words")
            try #require(copied.exitCode == 0, "\(copied.errors)")
            let change = try putPlain("after", at: "\(server.url)/\(bucket)/words", sky)
            let path = try sky.write(
                """
                name: changed
                stages:
                  change:
                    outputs: {done: {size: 1KB}}
                    resources: {infra: local}
                    run: |
                      \(change) && echo > "$SKY_OUTPUT_DONE"
                  read:
                    inputs: {raw: s3://\(bucket)/words, done: change.done}
                    resources: {infra: ssh, cpus: 1+}
                    run: cat "$SKY_INPUT_RAW"
                """, as: "p.yaml")
            let launch = try await sky("launch", path, "--yes")
            #expect(launch.exitCode != 0)
            let text = launch.output + launch.errors
            #expect(
                text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                    .contains("is not what it was when the run was launched"), "\(text)")
        }
    }
}

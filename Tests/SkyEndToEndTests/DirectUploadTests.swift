import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// What hosts elsewhere make is kept in a bucket.
@Suite(
    "Nodes that send to a bucket", .tags(.integration), .serialized, .timeLimit(.minutes(15)),
    .enabled(if: LoopbackS3.canRun, Comment(rawValue: LoopbackS3.obstacle ?? "")))
struct DirectUploadTests {
    /// `rack` is a pool of hosts whose artifacts are in a bucket.
    private func use(_ body: (SkyUnderTest, SSHFarm, _ bucket: String) async throws -> Void) async throws {
        try await FarmWithBucket.use(stores: { "stores: {ssh: s3://\($0)/sky}\n" }) { sky, farm, _, bucket in
            try await body(sky, farm, bucket)
        }
    }

    /// - Parameter megabytes: of the long file, whose bytes are no others'.
    private func pipeline(megabytes: Int) -> String {
        """
        name: direct
        stages:
          make:
            outputs: {data: {size: 1KB}, one: {size: 1KB}}
            resources: {infra: ssh, cpus: 1+}
            run: |
              mkdir -p "$SKY_OUTPUT_DATA/deep/empty"
              python3 -c "import sys, random; sys.stdout.buffer.write(random.Random(5).randbytes(\(megabytes) << 20))" > "$SKY_OUTPUT_DATA/deep/long"
              for i in $(seq 30); do echo "$i" > "$SKY_OUTPUT_DATA/deep/$i"; done
              : > "$SKY_OUTPUT_DATA/none"
              ln -s deep/long "$SKY_OUTPUT_DATA/link"
              echo '#!/bin/sh' > "$SKY_OUTPUT_DATA/script"; chmod +x "$SKY_OUTPUT_DATA/script"
              echo alone > "$SKY_OUTPUT_ONE"
          read:
            inputs: {data: make.data, one: make.one}
            resources: {infra: ssh, cpus: 1+}
            run: |
              cd "$SKY_INPUT_DATA" && test -x script -a -d deep/empty -a ! -s none && cat deep/30 "$SKY_INPUT_ONE"
              python3 -c "import random, sys; sys.exit(open('link', 'rb').read() != random.Random(5).randbytes(\(megabytes) << 20))" && echo same
        """
    }

    private func driverLog(_ sky: SkyUnderTest) async throws -> String {
        try await sky.run("/bin/sh", ["-c", "grep -rhE 'straight|by way of' '\(sky.home)/state' || true"]).output
    }

    @Test("an output goes from the host to the bucket, whole, and nobody's keys go to the host")
    func outputs() async throws {
        try await use { sky, farm, bucket in
            let path = try sky.write(pipeline(megabytes: 40), as: "p.yaml")
            // A broker that may write no file of more than 8 MiB cannot have had it.
            let launch = try await sky.run(
                "/bin/bash", ["-c", "ulimit -f 8192; exec '\(sky.binary)' launch '\(path)' --yes"])
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("direct", in: launch)
            let logs = try await sky("logs", run, "read").output
            #expect(logs.contains("30") && logs.contains("alone") && logs.contains("same"), "\(logs)")
            let log = try await driverLog(sky)
            #expect(log.contains("outputs/data went straight to") && log.contains("outputs/one went straight to"))
            #expect(!log.contains("by way of"), "\(log)")
            #expect(try await !sky("events", run).output.contains("by way of"))
            let left = try await sky.run(
                "/bin/sh", ["-c", "grep -rlE 'X-Amz-Signature' '\(sky.home)' '\(farm.folder)' || true"])
            #expect(left.output.isEmpty, "\(left.output)")
            let uploads = try await sky("storage", "ls", "s3://\(bucket)", "--uploads")
            #expect(!uploads.output.contains("blobs/"), "\(uploads.output)")
        }
    }

    @Test("an output goes to Google's and Azure's stores as well", arguments: ["gs://", "az://"])
    func otherStores(scheme: String) async throws {
        try await CloudGrantTests.use { sky, _, name in
            let bucket = scheme == "gs://" ? "gs://\(name)" : "az://\(LoopbackAzure.account)/\(name)"
            _ = try sky.write("stores: {ssh: \(bucket)/sky}\n", as: "config/stores.yaml")
            let path = try sky.write(pipeline(megabytes: 12), as: "p.yaml")
            let launch = try await sky.run(
                "/bin/bash", ["-c", "ulimit -f 8192; exec '\(sky.binary)' launch '\(path)' --yes"])
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("direct", in: launch)
            #expect(try await sky("logs", run, "read").output.contains("same"))
            let log = try await driverLog(sky)
            #expect(log.contains("outputs/data went straight to") && !log.contains("by way of"), "\(log)")
        }
    }

    @Test("what a stage saves goes to the bucket itself, and its next try begins with it")
    func checkpoint() async throws {
        try await use { sky, farm, _ in
            let path = try sky.write(CountingPipeline.text("{infra: ssh, cpus: 1+}"), as: "p.yaml")
            let launch = try await sky("launch", path, "--yes", "--detach")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("count", in: launch)
            try await CountingPipeline.waitUntilSaved(run, sky)
            let host = try #require(farm.hosts.first { !$0.processes().isEmpty })
            farm.crash(host)
            try await farm.boot(host)
            try await sky.wait("it is done") { try await sky.status(of: run).state == "succeeded" }
            #expect(try await sky("logs", run, "count").output.contains("from 7"))
            let log = try await driverLog(sky)
            for words in ["went straight to", "came straight from"] {
                #expect(log.contains("work/saved \(words)"), "\(log)")
            }
            #expect(!log.contains("by way of"), "\(log)")
        }
    }

    /// Whether one hashes what it has, or sends it. Looked at here: a command takes longer than that, on a busy machine.
    private func isSending(_ farm: SSHFarm) -> Bool {
        farm.hosts.contains { host in
            host.processes().contains { !Set(ProcessTable.arguments(of: $0)).isDisjoint(with: ["survey", "upload"]) }
        }
    }

    @Test("a driver that is killed while a host sends loses nothing")
    func killedDriver() async throws {
        try await use { sky, farm, bucket in
            let path = try sky.write(pipeline(megabytes: 160), as: "p.yaml")
            let launch = try await sky("launch", path, "--yes", "--detach")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("direct", in: launch)
            var kills = 0
            var random = SeededGenerator(seed: 11)
            try await sky.wait("a host sends") { isSending(farm) }
            var status: RunStatus
            repeat {
                if isSending(farm), kills < 6 {
                    for driver in sky.processes(whoseCommandHas: "driver \(run)") {
                        _ = kill(driver, SIGKILL)
                        kills += 1
                    }
                }
                // Whoever looks picks the run up.
                status = try await sky.status(of: run)
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...1500, using: &random)))
            } while status.state == "running"
            #expect(kills > 0 && status.state == "succeeded", "\(kills) \(status.state)")
            #expect(status.stages.allSatisfy { $0.attempts == 1 })
            #expect(try await sky("logs", run, "read").output.contains("same"))
            #expect(try await driverLog(sky).contains("outputs/data went straight to"))
            let uploads = try await sky("storage", "ls", "s3://\(bucket)", "--uploads")
            #expect(!uploads.output.contains("blobs/"), "\(uploads.output)")
        }
    }

    /// Stands before the server and refuses whoever comes with a signed address, as a network that only lets the broker in would.
    private static let gate = """
        import http.client, http.server, sys
        port = int(sys.argv[1])
        class Gate(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def pass_on(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                if 'X-Amz-Signature' in self.path:
                    self.send_response(403)
                    self.send_header('Content-Length', '0')
                    return self.end_headers()
                server = http.client.HTTPConnection('127.0.0.1', port)
                server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() != 'expect': server.putheader(name, value)
                server.endheaders(body)
                answer = server.getresponse()
                content = answer.read()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ('content-length', 'transfer-encoding', 'connection'):
                        self.send_header(name, value)
                length = answer.getheader('Content-Length') if self.command == 'HEAD' else str(len(content))
                self.send_header('Content-Length', length or '0')
                self.end_headers()
                self.wfile.write(content)
            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = pass_on
            def log_message(self, *words): pass
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Gate)
        print(server.server_port, flush=True)
        server.serve_forever()
        """

    /// A person whose bucket hosts do not reach.
    private func useGate(_ body: (SkyUnderTest, _ bucket: String) async throws -> Void) async throws {
        try await use { plain, _, bucket in
            let server = try await LoopbackS3.shared()
            let script = try plain.write(Self.gate, as: "gate.py")
            let gate = try ProcessSpawn(
                "/usr/bin/env", ["python3", script, "\(server.port)"], environment: plain.environment,
                workingDirectory: plain.home, standardOutput: .append(path: "\(plain.home)/gate"),
                standardError: .append(path: "\(plain.home)/gate.err")
            ).start()
            defer { gate.signal(SIGKILL) }
            try await plain.wait("the gate is open") { (try? plain.text(of: "\(plain.home)/gate"))?.isEmpty == false }
            let port = try plain.text(of: "\(plain.home)/gate").split(separator: "\n")[0]
            let address = ["AWS_ENDPOINT_URL": "http://127.0.0.1:\(port)"]
            try await body(plain.with(plain.variables.merging(address) { $1 }), bucket)
        }
    }

    @Test("where a host does not reach the bucket, bytes go by way of this machine, and people are told")
    func fallBack() async throws {
        try await useGate { sky, _ in
            let path = try sky.write(pipeline(megabytes: 2), as: "p.yaml")
            let launch = try await sky("launch", path, "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("direct", in: launch)
            #expect(try await sky("logs", run, "read").output.contains("same"))
            let events = try await sky("events", run).output
            let lines = events.split(separator: "\n").filter { $0.contains("went by way of this machine") }
            #expect(lines.contains { $0.contains("outputs/data (2.10 MB)") && $0.contains("status 403") }, "\(events)")
            #expect(lines.contains { $0.contains("inputs/data (2.10 MB)") && $0.contains("on the node") }, "\(events)")
            let status = try await sky("status", run)
            #expect(status.output.contains("by way of this machine"), "\(status.output)")
        }
    }

    @Test("what must stay somewhere does not come by way of this machine: its stage fails, and says why")
    func bound() async throws {
        try await useGate { sky, bucket in
            let settings = try sky.text(of: "\(sky.home)/config/ssh.yaml")
            let inGermany = settings.replacing("price: 0.01", with: "price: 0.01, country: DE")
            _ = try sky.write(inGermany, as: "config/ssh.yaml")
            _ = try sky.write(
                "stores: {ssh: s3://\(bucket)/sky}\nbuckets: {\(bucket): ssh/rack}\n", as: "config/stores.yaml")
            let text = pipeline(megabytes: 2).replacing("data: {size: 1KB}", with: "data: {size: 1KB, regions: [eu]}")
            let launch = try await sky("launch", try sky.write(text, as: "p.yaml"), "--yes")
            #expect(launch.exitCode == 1, "\(launch.output)\(launch.errors)")
            let words = (launch.output + launch.errors).split(whereSeparator: \.isWhitespace).joined(separator: " ")
            let why = "outputs/data would come by way of this machine, and its data must stay in eu"
            #expect(words.contains(why), "\(words)")
        }
    }
}

import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// Stages that find what `file_mounts` says at any path, and buckets as they are while they run.
@Suite(
    "Mounts", .timeLimit(.minutes(15)),
    .enabled(if: LoopbackS3.canRun, Comment(rawValue: LoopbackS3.obstacle ?? "")),
    .enabled(if: geteuid() == 0, "jobs are sure to have mounts of their own as root alone"))
struct MountedRunTests {
    /// - Parameter folder: nobody has it, in `/`.
    private func use(
        rclone: Bool, _ body: (SkyUnderTest, LoopbackS3, _ bucket: String, _ folder: String) async throws -> Void
    ) async throws {
        try await StorageTests.use { sky, server, bucket in
            let path = rclone ? Rclone.searchPath : "/usr/sbin:/usr/bin:/sbin:/bin"
            let folder = "/sky-test-\(UInt32.random(in: 0 ... .max))"
            let sky = sky.with(server.environment.merging(["PATH": path]) { $1 })
            try Files.makeFolder("\(sky.home)/in")
            _ = try sky.write("from the bucket\n", as: "in/a")
            try await #require(sky("storage", "cp", "-r", "\(sky.home)/in", "s3://\(bucket)/in").exitCode == 0)
            try await body(sky, server, bucket, folder)
            try await sky.wait("no process of the run is left") { sky.processes.isEmpty }
            #expect(!Files.exists(folder))
            let mounts = String(decoding: try Files.read("/proc/self/mountinfo") ?? [], as: UTF8.self)
            #expect(!mounts.contains(bucket) && !mounts.contains(folder))
        }
    }

    private func pipeline(_ bucket: String, _ folder: String, run: String) -> String {
        """
        name: mounts
        stages:
          train:
            resources: {infra: local}
            outputs: {seen: {size: 1KB}}
            file_mounts:
              \(folder)/conf: ./conf
              \(folder)/copied: s3://\(bucket)/in/
              \(folder)/data: {source: "s3://\(bucket)/in", mode: MOUNT}
              results: {source: "s3://\(bucket)/results", mode: MOUNT_CACHED}
            run: |
        \(run.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n"))
        """
    }

    @Test(
        "a task reads and writes its buckets, is run anew each time, and leaves nothing: no mount, no key, no process",
        .enabled(if: Rclone.canMount, Comment(rawValue: Rclone.obstacle ?? "")))
    func mounted() async throws {
        try await use(rclone: true) { sky, _, bucket, folder in
            try Files.makeFolder("\(sky.home)/conf")
            _ = try sky.write("settings\n", as: "conf/c")
            let run = """
                cat \(folder)/conf/c \(folder)/copied/a \(folder)/data/a results/before 2>/dev/null
                echo "a result" > results/r; date +%N >> results/before; ls results > "$SKY_OUTPUT_SEEN"
                env | grep -c AWS_ || true
                """
            let file = try sky.write(pipeline(bucket, folder, run: run))
            let plan = try await sky("plan", file)
            #expect(plan.output.contains("'train' mounts s3://\(bucket)/in, s3://\(bucket)/results"), "\(plan.output)")
            for round in 0..<2 {
                let launch = try await sky("launch", file, "--yes")
                let name = try sky.runName("mounts", in: launch)
                let log = try await sky("logs", name, "train").output
                try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)\(log)")
                let texts = log.split(separator: "\n").filter { $0.contains("settings") || $0.contains("from the") }
                #expect(texts.count == 3, "\(log)")
                #expect(log.contains("s3://\(bucket)/in is mounted at \(folder)/data"), "\(log)")
                // Whatever there was of it, there is more now.
                let copy = "\(sky.home)/before-\(round)"
                let back = try await sky("storage", "cp", "s3://\(bucket)/results/before", copy)
                #expect(back.exitCode == 0, "\(back.errors)")
                let lines = try sky.text(of: copy).split(separator: "\n")
                #expect(lines.count == round + 1, "\(lines)")
            }
            let secret = LoopbackS3.secretKey
            let found = try await sky.run("/bin/grep", ["-r", "-l", "-F", "-a", secret, "\(sky.home)/state"])
            #expect(found.exitCode == 1, "keys are in \(found.output)")
        }
    }

    @Test(
        "whatever ends a run, cancelling it or killing its agents, nothing stays mounted",
        .enabled(if: Rclone.canMount, Comment(rawValue: Rclone.obstacle ?? "")))
    func ended() async throws {
        try await use(rclone: true) { sky, _, bucket, folder in
            try Files.makeFolder("\(sky.home)/conf")
            _ = try sky.write("", as: "conf/c")
            let file = try sky.write(pipeline(bucket, folder, run: "touch \(sky.home)/begun\nsleep 1000"))
            let launch = try await sky("launch", file, "--yes", "--detach")
            let run = try sky.runName("mounts", in: launch)
            try await sky.wait("the job runs") { Files.exists("\(sky.home)/begun") }
            let programs = sky.processes.map { (try? Files.read("/proc/\($0.pid)/comm")) ?? nil }
            #expect(programs.contains(Array("rclone\n".utf8)))
            _ = sky.killAgents()
            #expect(try await sky("cancel", run).exitCode == 0)
            try await sky.wait("the run has ended") { try await sky.status(of: run).state != "running" }
        }
    }

    @Test("where no node has rclone the bucket is copied, can only be read, and the log says so")
    func copied() async throws {
        try await use(rclone: false) { sky, _, bucket, folder in
            try Files.makeFolder("\(sky.home)/conf")
            _ = try sky.write("", as: "conf/c")
            try await #require(
                sky("storage", "cp", "\(sky.home)/in/a", "s3://\(bucket)/results/r").exitCode == 0)
            let run = """
                cat \(folder)/data/a results/r
                echo x > results/new && exit 3
                echo x > \(folder)/data/new && exit 4
                echo done > "$SKY_OUTPUT_SEEN"
                """
            let file = try sky.write(pipeline(bucket, folder, run: run))
            let launch = try await sky("launch", file, "--yes")
            let log = try await sky("logs", try sky.runName("mounts", in: launch), "train").output
            #expect(launch.exitCode == 0, "\(launch.output)\(launch.errors)\(log)")
            #expect(log.contains("s3://\(bucket)/in is copied to \(folder)/data and can only be read"), "\(log)")
            #expect(log.contains("cannot mount it (it has no rclone"), "\(log)")
            #expect(log.split(separator: "\n").filter { $0.contains("from the bucket") }.count == 2, "\(log)")
        }
    }
}

import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// Real clusters of Ray and Spark over nodes that are processes of this machine. Where they are missing they are installed
/// first, into the person's own cache, where later tests find them.
@Suite("Stages with an engine", .serialized, .timeLimit(.minutes(20)))
struct EngineTests {
    @Test("pipelines/spark-ray: a shuffle and a search over two nodes each, and the best model is served")
    func sparkRay() async throws {
        try await SkyUnderTest.use { sky in
            let pipeline = try sky.copy(ofPipeline: "spark-ray") + "/pipeline.yaml"
            let launch = try await sky("launch", pipeline, "--yes")
            let run = try sky.runName("spark-ray", in: launch)
            let logs = try await sky("logs", run).output
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)\(logs)")

            let prepared = try #require(
                logs.firstMatch(of: /([0-9]+) customers of 60000 orders, ([0-9]+) of them left/), "\(logs)")
            #expect(prepared.1 == "1932" && prepared.2 == "669", "the same rows make the same table: \(prepared.0)")
            let exchanges = try #require(logs.firstMatch(of: /the plan has ([0-9]+) exchanges/), "\(logs)")
            #expect(exchanges.1 != "0")
            // Tasks of Spark and of Ray, and Ray's actors, by the rank that each found in its own environment.
            let places = logs.matches(of: /(tasks|trials) by rank: 0: [1-9][0-9]*, 1: [1-9]/).map(\.1)
            #expect(places.sorted() == ["tasks", "tasks", "trials"], "\(logs)")
            let found = try #require(logs.firstMatch(of: /chosen: .*accuracy ([0-9.]+).*baseline ([0-9.]+)/), "\(logs)")
            let (accuracy, baseline) = (try #require(Double(found.1)), try #require(Double(found.2)))
            #expect(accuracy > baseline + 0.15, "\(found.0)")

            let url = try #require(try await sky.status(of: run).stage("serve").url)
            let answer = try await sky.run("/usr/bin/curl", ["-sS", "-d", #"{"late_share": 0.7}"#, "\(url)/predict"])
            #expect(answer.output.contains(#""left": true"#), "\(answer)")
            // The clusters went with their stages: what is left is what serves.
            #expect(traces(of: sky, ["raylet", "gcs_server", "org.apache.spark", "ray::"]).isEmpty)
            _ = try await sky("down", run, "--yes")
            #expect(sky.processes.isEmpty && traces(of: sky, [""]).isEmpty)
        }
    }

    @Test("while they run they listen at their nodes' address alone; cancelled in the middle, they leave nothing")
    func cancelled() async throws {
        try await SkyUnderTest.use { sky in
            let pipeline = try sky.write(
                """
                name: both
                stages:
                  ray:
                    engine: {name: ray, options: {object_store: 100MB}}
                    num_nodes: 2
                    resources: {infra: local}
                    run: |
                      cat > work.py <<'END'
                      import ray, time
                      ray.init()
                      @ray.remote(num_cpus=0.1, scheduling_strategy="SPREAD")
                      def wait(): time.sleep(10000)
                      waiting = [wait.remote() for _ in range(4)]
                      print("ray is READY")
                      ray.get(waiting)
                      END
                      python3 work.py
                  spark:
                    engine: {name: spark, options: {memory: 512MB}}
                    num_nodes: 2
                    resources: {infra: local}
                    run: |
                      cat > work.py <<'END'
                      from pyspark.sql import SparkSession
                      import threading, time
                      context = SparkSession.builder.getOrCreate().sparkContext
                      nap = context.parallelize(range(8), 8).map(lambda _: time.sleep(10000))
                      threading.Thread(target=nap.collect, daemon=True).start()
                      while not context.statusTracker().getActiveStageIds(): time.sleep(0.1)
                      print("spark is READY")
                      time.sleep(10000)
                      END
                      python3 work.py
                """)
            let before = try temporaryNames()
            let launch = try await sky("launch", pipeline, "--yes", "--detach")
            let run = try sky.runName("both", in: launch)
            try await sky.wait("both are at work") {
                let logs = try await sky("logs", run).output
                return logs.contains("ray is READY") && logs.contains("spark is READY")
            }
            for kind in ["raylet", "gcs_server", "org.apache.spark.deploy.worker.Worker", "spark.deploy.master.Master"]
            {
                #expect(!traces(of: sky, [kind]).isEmpty, "no \(kind)")
            }
            let listeners = try listeners(sky)
            #expect(listeners.count > 8 && listeners.allSatisfy(\.isLoopback), "\(listeners)")
            let state = try await sky("exec", run, "ray", "--", #". "$SKY_ENGINE_DIR/env"; ray status"#)
            #expect(state.exitCode == 0 && state.output.contains("Active:"), "\(state)")
            let stranger = #"""
                . "$SKY_ENGINE_DIR/env"; unset RAY_AUTH_MODE RAY_AUTH_TOKEN_PATH
                timeout 20 python3 -c 'import ray; ray.init(logging_level="ERROR"); print("came in")'
                """#
            let refused = try await sky("exec", run, "ray", "--", stranger)
            #expect(refused.exitCode != 0 && !refused.output.contains("came in"), "\(refused)")

            let cancelled = try await sky("cancel", run)
            #expect(cancelled.exitCode == 0, "\(cancelled)")
            #expect(sky.processes.isEmpty && traces(of: sky, [""]).isEmpty)
            #expect(try temporaryNames().subtracting(before).isEmpty)
        }
    }

    @Test("a node whose engine ends under the command is named, with its last lines, and everything else ends too")
    func broken() async throws {
        try await SkyUnderTest.use { sky in
            let pipeline = try sky.write(
                """
                name: half
                stages:
                  work:
                    engine: {name: ray, options: {object_store: 100MB}}
                    num_nodes: 2
                    resources: {infra: local}
                    run: |
                      echo READY
                      exec sleep 100000
                """)
            let launch = try await sky("launch", pipeline, "--yes", "--detach")
            let run = try sky.runName("half", in: launch)
            try await sky.wait("it runs") { try await sky("logs", run).output.contains("READY") }
            let raylets = traces(of: sky, ["/raylet "]).filter {
                ProcessTable.environment(of: $0)?["SKY_NODE_RANK"] == "1"
            }
            #expect(raylets.count == 1)
            for raylet in raylets { _ = kill(raylet, SIGKILL) }
            try await sky.wait("the stage has failed") { try await sky.status(of: run).state == "failed" }
            let status = try await sky("status", run).output
            #expect(status.contains("rank 1: the engine ended while the command ran"), "\(status)")
            let events = try await sky("events", run, "--output", "json").output
            #expect(events.contains(/"engine" ?: ?"broken"/), "\(events)")
            #expect(sky.processes.isEmpty && traces(of: sky, [""]).isEmpty)
        }
    }

    @Test("an engine that cannot be installed fails at once, says why, and leaves no half of an environment")
    func unavailable() async throws {
        try await SkyUnderTest.use { plain in
            let sky = plain.with(["PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "\(plain.home)/nothing"])
            let pipeline = try sky.write(
                """
                name: none
                stages:
                  work:
                    engine: ray
                    num_nodes: 2
                    resources: {infra: local}
                    envs: {SKY_ENGINE_CACHE: "\(sky.home)/engines"}
                    run: echo never
                """)
            let launch = try await sky("launch", pipeline, "--yes")
            let screen = launch.output + launch.errors
            #expect(launch.exitCode == 1 && screen.contains("the engine cannot be had on this node"), "\(screen)")
            #expect(screen.contains("ray==2.60.0 cannot be installed"), "\(screen)")
            #expect(Files.names(in: "\(sky.home)/engines").allSatisfy { $0.hasSuffix(".lock") })
            #expect(sky.processes.isEmpty)
        }
    }

    @Test("when a node does not come in time it is named, with what it said last")
    func incomplete() async throws {
        try await SkyUnderTest.use { sky in
            let pipeline = try sky.write(
                """
                name: late
                stages:
                  work:
                    engine: {name: ray, options: {start_timeout: 60s, object_store: 100MB}}
                    num_nodes: 2
                    resources: {infra: local}
                    setup: "[ $SKY_NODE_RANK = 0 ] || exec sleep 100000"
                    run: echo never
                """)
            let launch = try await sky("launch", pipeline, "--yes")
            let screen = launch.output + launch.errors
            #expect(launch.exitCode == 1, "\(screen)")
            #expect(screen.contains("rank 0: the engine was not up on all nodes in time"), "\(screen)")
            #expect(screen.contains("node 1 (127.0.0.1) has not been heard of"), "\(screen)")
            #expect(sky.processes.isEmpty && traces(of: sky, [""]).isEmpty)
        }
    }

    @Test("torchrun and MPI: every rank has its variables, and all agree on where to meet")
    func variables() async throws {
        try await SkyUnderTest.use { sky in
            let pipeline = try sky.write(
                """
                name: gangs
                stages:
                  torch:
                    engine: torchrun
                    num_nodes: 2
                    resources: {infra: local}
                    run: echo "torch $RANK of $WORLD_SIZE at $MASTER_ADDR, $PET_NODE_RANK of $PET_NNODES; port $MASTER_PORT"
                  mpi:
                    engine: {name: mpi, options: {processes: 3}}
                    num_nodes: 2
                    resources: {infra: local}
                    run: echo "mpi $NODE_RANK" $(cat "$SKY_HOSTFILE") $(cat "$HYDRA_HOST_FILE")
                """)
            let launch = try await sky("launch", pipeline, "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let logs = try await sky("logs", "gangs").output
            let ports = logs.matches(of: /torch ([01]) of 2 at 127.0.0.1, ([01]) of 2; port ([0-9]+)/)
            #expect(Set(ports.map(\.1)) == ["0", "1"] && Set(ports.map(\.3)).count == 1, "\(logs)")
            for rank in 0...1 {
                let hosts = "127.0.0.1 slots=3 127.0.0.1 slots=3 127.0.0.1:3 127.0.0.1:3"
                #expect(logs.contains("mpi \(rank) \(hosts)"), "\(logs)")
            }
        }
    }

    // MARK: what is on the machine

    /// Processes that work in the home, were started from it or carry its mark, and whose command has one of these in it.
    private func traces(of sky: SkyUnderTest, _ parts: [String]) -> [Int32] {
        let marked = Set(sky.processes.map(\.pid))
        return ProcessTable.all().filter { !$0.isGone }.map(\.pid).filter { pid in
            let command = ProcessTable.arguments(of: pid).joined(separator: " ") + " "
            let folder = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")) ?? ""
            return (marked.contains(pid) || folder.hasPrefix(sky.home) || command.contains(sky.home))
                && parts.contains { $0.isEmpty || command.contains($0) }
        }
    }

    private struct Listener: CustomStringConvertible {
        let pid: Int32
        let address: String

        /// As /proc/net writes 127.0.0.1, ::1 and ::ffff:127.0.0.1.
        var isLoopback: Bool {
            ["0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"].contains(address)
        }

        var description: String { "\(address) of \(ProcessTable.arguments(of: pid).prefix(3))" }
    }

    /// The TCP sockets at which processes of the home listen.
    private func listeners(_ sky: SkyUnderTest) throws -> [Listener] {
        var owners: [String: Int32] = [:]
        for pid in traces(of: sky, [""]) {
            for name in Files.names(in: "/proc/\(pid)/fd") {
                let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(name)")
                if let link, link.hasPrefix("socket:[") { owners[String(link.dropFirst(8).dropLast())] = pid }
            }
        }
        return try ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { table in
            try sky.text(of: table).split(separator: "\n").dropFirst().compactMap { line in
                let fields = line.split(separator: " ")
                guard fields.count > 9, fields[3] == "0A", let owner = owners[String(fields[9])] else { return nil }
                return Listener(pid: owner, address: String(fields[1].prefix { $0 != ":" }))
            }
        }
    }

    /// What engines like to leave in folders that all share.
    private func temporaryNames() throws -> Set<String> {
        let folders = Set(["/tmp", ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp", "/dev/shm"])
        return Set(
            folders.flatMap { folder in
                Files.names(in: folder)
                    .filter { name in ["ray", "spark-", "blockmgr-", "plasma"].contains { name.hasPrefix($0) } }
                    .map { "\(folder)/\($0)" }
            })
    }
}

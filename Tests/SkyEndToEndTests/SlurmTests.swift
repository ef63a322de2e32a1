import Glibc
import SkyProcess
import SkyTestSupport
import Testing

@Suite(
    "A real Slurm of two nodes", .tags(.integration), .serialized, .timeLimit(.minutes(15)),
    .enabled(if: LoopbackSlurm.canRun, "\(LoopbackSlurm.obstacle ?? "")"))
struct SlurmTests {
    /// `sky` with such a cluster among its settings.
    private func use<Result>(
        partitions: [String] = ["PartitionName=main Default=YES MaxTime=INFINITE"], settings: String = "",
        _ body: (SkyUnderTest, LoopbackSlurm) async throws -> Result
    ) async throws -> Result {
        try await LoopbackSlurm.use(LoopbackSlurm.Shape(partitions: partitions)) { slurm in
            try await SkyUnderTest.use { sky in
                try Files.makeFolder("\(sky.home)/config", mode: 0o700)
                _ = try sky.write(
                    """
                    clusters:
                      hpc:
                        slurm_conf: \(slurm.configuration)
                        directory: \(slurm.folder)/home/sky
                        price: 0.80
                    \(settings)
                    """, as: "config/slurm.yaml")
                return try await body(sky, slurm)
            }
        }
    }

    /// A pipeline of one stage on both nodes.
    private func gang(_ run: String, more: String = "", in sky: SkyUnderTest) throws -> String {
        let lines = run.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n")
        return try sky.write(
            """
            name: gang
            stages:
              train:
                resources: {infra: slurm/hpc, cpus: 4+}
                num_nodes: 2
            \(more)
                run: |
            \(lines)
            """)
    }

    @Test("a gang of two ranks is one job: each learns its peers, files come and go, and nothing is left")
    func wholeLife() async throws {
        try await use { sky, slurm in
            let check = try await sky("check")
            #expect(check.output.contains("✓ hpc/main: 2 4c-3.9g, no time limit"), "\(check.output)")
            let pipeline = try gang(
                """
                echo "rank $SKY_NODE_RANK of $SKY_NUM_NODES on $SLURMD_NODENAME in job $SLURM_JOB_ID"
                [ "$SKY_NODE_RANK" != 0 ] || hostname > "$SKY_OUTPUT_MODEL"
                """, more: "    outputs: {model: {size: 1KB}}", in: sky)
            let launch = try await sky("launch", pipeline, "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("gang", in: launch)
            let log = try await sky("logs", run, "train").output
            #expect(
                log.contains(/rank 0 of 2 on n1 in job \d+/) && log.contains(/rank 1 of 2 on n2 in job \d+/), "\(log)")
            let train = try await sky.status(of: run).stage("train")
            #expect(train.provider == "slurm" && train.region == "hpc" && train.attempts == 1)
            #expect(try await slurm.queue().isEmpty)
            #expect(
                try await slurm.output(["scontrol", "show", "job", "--oneliner"]).contains("JobName=\(run)--train--1 "))
            #expect(try await sky("gc").exitCode == 0)
            #expect(sky.processes.isEmpty, "\(sky.processes)")
        }
    }

    @Test("pipelines/gang learns one model on two nodes, in a ring over sockets, and compares it on a part of a node")
    func ring() async throws {
        try await use { sky, slurm in
            let folder = try sky.copy(ofPipeline: "gang")
            let text = try sky.text(of: "\(folder)/pipeline.yaml")
                .replacing("infra: local", with: "infra: slurm/hpc").replacing("num_nodes: 4", with: "num_nodes: 2")
            let pipeline = try sky.write(text, as: "gang/pipeline.yaml")
            let launch = try await sky("launch", pipeline, "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let status = try await sky.status(of: try sky.runName("gang", in: launch))
            #expect(status.state == "succeeded" && status.stages.allSatisfy { $0.provider == "slurm" }, "\(status)")
            #expect(try await slurm.queue().isEmpty)
        }
    }

    @Test("a stage with an engine has a Ray cluster over its allocation, with tasks on both nodes")
    func engine() async throws {
        try await use { sky, slurm in
            let pipeline = try gang(
                """
                cat > where.py <<'END'
                import os, ray, time
                ray.init()
                @ray.remote(scheduling_strategy="SPREAD")
                def where():
                    time.sleep(0.5)
                    return os.environ["SLURMD_NODENAME"]
                nodes, deadline = set(), time.time() + 120
                while len(nodes) < 2 and time.time() < deadline:
                    nodes.update(ray.get([where.remote() for _ in range(16)]))
                print("tasks on", *sorted(nodes))
                END
                python3 where.py
                """, more: "    engine: {name: ray, options: {object_store: 100MB}}", in: sky)
            let launch = try await sky("launch", pipeline, "--yes")
            let log = try await sky("logs", "gang").output
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)\(log)")
            #expect(log.contains("tasks on n1 n2"), "\(log)")
            #expect(try await slurm.queue().isEmpty)
        }
    }

    @Test("cancelled in the middle of a job, the allocation is gone when sky says so")
    func cancel() async throws {
        try await use { sky, slurm in
            let launch = try await sky("launch", try gang("sleep 600", in: sky), "--yes", "--detach")
            let run = try sky.runName("gang", in: launch)
            try await sky.wait("it runs") { try await sky.status(of: run).stage("train").state == "running" }
            #expect(try await slurm.queue() == ["\(run)--train--1": "RUNNING"])
            let cancelled = try await sky("cancel", run)
            #expect(cancelled.exitCode == 0, "\(cancelled.errors)")
            #expect(try await slurm.queue().isEmpty)
            #expect(try await sky.status(of: run).state == "cancelled")
        }
    }

    @Test("a job that is in line says what it waits for; what it waits for is gone, and it runs")
    func pending() async throws {
        try await use { sky, slurm in
            let blocker = try await slurm.output([
                "sbatch", "--parsable", "-N2", "--exclusive", "--output=/dev/null", "--wrap", "sleep 600",
            ])
            let launch = try await sky("launch", try gang("true", in: sky), "--yes", "--detach")
            let run = try sky.runName("gang", in: launch)
            try await sky.wait("the reason is shown") {
                try await sky("status", run).output.contains(#/job \d+ waits in the queue \((Resources|Priority): /#)
            }
            _ = try await slurm.output(["scancel", String(blocker.prefix { $0.isNumber })])
            try await sky.wait("it is done") { try await sky.status(of: run).state == "succeeded" }
        }
    }

    @Test("a time limit takes the nodes: the loss says so, the try after it goes on from what was saved")
    func timeLimit() async throws {
        try await use(settings: "    time: 1m") { sky, slurm in
            let check = try await sky("check")
            #expect(check.output.contains("at most 1m"), "\(check.output)")
            let pipeline = try sky.write(CountingPipeline.text("{infra: slurm/hpc}"))
            let launch = try await sky("launch", pipeline, "--yes", "--detach")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("count", in: launch)
            try await sky.wait("it is done") { try await sky.status(of: run).state == "succeeded" }
            let events = try await sky("events", run).output
            #expect(events.contains(/job \d+ has reached its time limit of 1m \(TIMEOUT\)/), "\(events)")
            #expect(try await sky.status(of: run).stage("count").attempts == 2)
            #expect(try await sky("logs", run, "count").output.contains("from 7"))
        }
    }

    @Test("what a stage is known to need longer than a partition gives does not fit there, and plan says so")
    func planning() async throws {
        let partitions = ["PartitionName=short Default=YES MaxTime=60", "PartitionName=long MaxTime=1-0"]
        try await use(partitions: partitions) { sky, _ in
            let pipeline = try sky.write(
                """
                name: hours
                stages:
                  train: {resources: {infra: slurm/hpc/short}, estimate: 3h, run: "true"}
                """)
            let refused = try await sky("plan", pipeline)
            #expect(refused.exitCode == 2, "\(refused.output)")
            #expect(refused.errors.contains("a time limit of 3h or more"), "\(refused.errors)")
            let wider = try sky.write(
                """
                name: hours
                stages:
                  train: {resources: {infra: slurm/hpc}, estimate: 3h, run: "true"}
                """, as: "wider.yaml")
            let plan = try await sky("plan", wider, "--explain")
            #expect(plan.exitCode == 0, "\(plan.errors)")
            #expect(plan.output.contains("a time limit of 3h or more"), "\(plan.output)")
        }
    }

    @Test(
        "sky provider test slurm keeps all of it; a stranger with the same slurm.yaml finds and gives back what is left"
    )
    func providerTest() async throws {
        try await use { sky, slurm in
            let answer = try await sky("provider", "test", "slurm", "--yes")
            #expect(answer.exitCode == 0, "\(answer.output)\(answer.errors)")
            let launch = try await sky("launch", try gang("sleep 600", in: sky), "--yes", "--detach")
            let run = try sky.runName("gang", in: launch)
            try await sky.wait("it runs") { try await sky.status(of: run).stage("train").state == "running" }
            for driver in sky.processes(whoseCommandHas: "driver \(run)") { _ = kill(driver, SIGKILL) }
            try Disk.remove("\(sky.home)/state")
            let garbage = try await sky("gc", "--yes")
            #expect(garbage.output.contains(run), "\(garbage.output)\(garbage.errors)")
            #expect(try await slurm.queue().isEmpty)
        }
    }
}

import SkyCore
import Testing

@testable import SkyProviders

@Suite("What Slurm's commands say")
struct SlurmAnswerTests {
    private static let answer = """
        Welcome to the cluster!
        @sky nodes cpu|up|2-00:00:00|1-64|OFF|10|NO|90|idle|64|257000|(null)
        @sky nodes cpu|up|2-00:00:00|1-64|OFF|10|NO|6|allocated|64|257000|(null)
        @sky nodes cpu|up|2-00:00:00|1-64|OFF|10|NO|3|down*|64|257000|(null)
        @sky nodes cpu|up|2-00:00:00|1-64|OFF|10|NO|1|drained|64|257000|(null)
        @sky nodes gpu|up|4:00:00|1-infinite|OFF|10|NO|4|mixed|128|1031000|gpu:nvidia_a100-sxm4-80gb:4(S:0-7)
        @sky nodes old|up|30:00|1-infinite|OFF|10|EXCLUSIVE|2|idle~|16|64000|gpu:2,tmp:1T
        @sky nodes spare|up|infinite|1-infinite|REQUEUE|1|NO|8|idle|64|257000|(null)
        @sky nodes closed|down|infinite|1-infinite|OFF|10|NO|8|idle|64|257000|(null)
        @sky nodes not a line
        @sky name hpc
        @sky version 23.11.4
        @sky preempt preempt/partition_prio
        @sky accounting accounting_storage/slurmdbd
        @sky end
        """

    @Test("sinfo's lines become partitions with what their nodes have")
    func facts() throws {
        let facts = try #require(SlurmFacts(SlurmAnswer(Self.answer)))
        #expect(facts.clusterName == "hpc" && facts.version == "23.11.4" && facts.hasAccounting && facts.preempts)
        #expect(facts.partitions == ["cpu", "gpu", "old", "spare", "closed"])
        let cpu = facts.nodes[0]
        #expect(cpu.count == 100 && cpu.usable == 96 && cpu.mostNodes == 64 && cpu.timeLimit == .seconds(2 * 86_400))
        let gpu = facts.nodes[1]
        #expect(gpu.gpus == SlurmGPUs(type: "nvidia_a100-sxm4-80gb", count: 4) && gpu.mostNodes == nil)
        #expect(gpu.timeLimit == .seconds(4 * 3600))
        #expect(facts.nodes[2].gpus == SlurmGPUs(count: 2) && facts.nodes[2].isExclusive)
        #expect(facts.nodes[2].timeLimit == .seconds(1800) && facts.nodes[2].usable == 2)
        #expect(facts.nodes.map(\.isPreemptible) == [false, false, false, true, false])
        // An answer that was cut short is none.
        #expect(SlurmFacts(SlurmAnswer(Self.answer.replacing("@sky end", with: ""))) == nil)
    }

    @Test("nodes are offered whole and in halves, as far as accelerators and memory go")
    func machines() throws {
        var cluster = SlurmCluster(name: "hpc", accelerators: ["gpu": "V100"])
        cluster.terms = SlurmTerms(pricePerHour: Money("4"), pricePerCPUHour: Money("0.01"))
        cluster.facts = SlurmFacts(SlurmAnswer(Self.answer))
        let machines = cluster.machines
        #expect(
            machines.filter { $0.partition == "gpu" }.map(\.machineType)
                == ["128c-1006.8g-A100-80GBx4", "64c-503.4g-A100-80GBx2", "32c-251.7g-A100-80GBx1"])
        #expect(machines.filter { $0.partition == "old" }.map(\.machineType) == ["16c-62.5g-V100x2"])
        #expect(machines.filter { $0.partition == "cpu" }.map(\.cpus) == [64, 32, 16, 8, 4, 2, 1])
        #expect(machines.filter { $0.partition == "closed" }.isEmpty)
        let half = try #require(machines.first { $0.partition == "gpu" && $0.parts == 2 })
        #expect(half.pricePerHour == Money("2.64") && half.gpus == 2 && half.count == 4)
        #expect(half.options.contains("--gres=gpu:nvidia_a100-sxm4-80gb:2") && half.options.contains("--time=240"))
        #expect(half.options.contains("--mem=515500M") && !half.options.contains("--exclusive"))
        // Shorter than the partition's own limit, and never longer.
        cluster.terms.time = .seconds(3600)
        #expect(Set(cluster.machines.filter { $0.partition == "cpu" }.map(\.timeLimit)) == [.hour])
        cluster.partitions = [SlurmPartitionTerms(name: "old", terms: SlurmTerms(time: .seconds(86_400)))]
        #expect(cluster.machines.map(\.timeLimit) == [.seconds(1800)])
    }

    @Test(
        "types of GRES have names in the catalog",
        arguments: [
            ("a100", "A100"), ("nvidia_h100_80gb_hbm3", "H100"), ("tesla_v100", "V100"), ("a100_80gb", "A100-80GB"),
            ("rtx_6000", "RTX6000"), ("mi250x", "MI250X"),
        ])
    func names(type: String, name: String) {
        #expect(SlurmGPUs(type: type, count: 1).catalogName([:]) == name)
        #expect(SlurmGPUs(type: type, count: 1).catalogName([type: "own"]) == "own")
    }

    @Test("of accelerators that nobody gives a type to nothing is claimed")
    func untyped() {
        #expect(SlurmGPUs(count: 2).catalogName([:]) == nil)
        #expect(
            SlurmGPUs(gres: "(null)") == nil && SlurmGPUs(gres: "gpu:0") == nil && SlurmGPUs(gres: "shard:8") == nil)
    }

    @Test(
        "times as Slurm writes them",
        arguments: [
            ("infinite", nil), ("UNLIMITED", nil), ("n/a", nil), ("", nil), ("5", 300), ("30:00", 1800),
            ("1:30:00", 5400),
            ("1-0", 86_400), ("2-12", 216_000), ("1-00:30", 88_200), ("1-00:00:10", 86_410), ("a-b", nil),
            ("1:2:3:4", nil),
        ] as [(String, Int64?)])
    func times(text: String, seconds: Int64?) {
        #expect(SlurmTime.span(text) == seconds.map { .seconds($0) })
    }

    @Test("a job's line, with blanks in what others wrote into it")
    func job() throws {
        let line =
            "JobId=12 JobName=run--a--1 UserId=root(0) JobState=RUNNING Reason=None Comment=sky run State=FAILED"
            + " TimeLimit=00:10:00 StartTime=1795903927 EndTime=1795904527 Partition=main NodeList=n[1-2] NumNodes=2"
        let job = try #require(SlurmJob(line: line))
        #expect(job.id == 12 && job.state == .running && job.reason == nil)
        #expect(job.timeLimit == .seconds(600) && job.startTime?.millisecondsSince1970 == 1_795_903_927_000)
        let end = try #require(job.endTime)
        #expect(job.announcedEnd(now: Instant(millisecondsSince1970: end.millisecondsSince1970 - 61000)) == nil)
        #expect(job.announcedEnd(now: Instant(millisecondsSince1970: end.millisecondsSince1970 - 59000)) == end)
        #expect(SlurmJob(line: "slurm_load_jobs error: Invalid job id specified") == nil)
        #expect(SlurmJob(id: 3, accounts: "CANCELLED by 0|1795903960")?.state == .ended("CANCELLED"))
        #expect(SlurmJob(id: 3, accounts: "TIMEOUT|1795903960")?.lossReason.contains("time limit") == true)
    }

    @Test("a job's end is told in words")
    func losses() {
        func words(_ state: String, _ change: (inout SlurmJob) -> Void = { _ in }) -> String {
            var job = SlurmJob(id: 7, state: SlurmState(state))
            change(&job)
            return job.lossReason
        }
        #expect(words("TIMEOUT") { $0.timeLimit = .hour } == "job 7 has reached its time limit of 1h (TIMEOUT)")
        #expect(words("COMPLETING") { $0.reason = "TimeLimit" } == "job 7 has reached its time limit (TIMEOUT)")
        #expect(words("PREEMPTED").contains("preempted"))
        #expect(words("COMPLETED") { $0.preemptTime = Instant(millisecondsSince1970: 1) } == "job 7 was preempted")
        #expect(words("NODE_FAIL") == "a node of job 7 has failed (NODE_FAIL)")
        #expect(words("FAILED") { $0.reason = "NonZeroExitCode" } == "job 7 has ended (FAILED: NonZeroExitCode)")
    }

    @Test(
        "what a job waits for decides what is tried next",
        arguments: [
            ("Resources", .noCapacity), ("Priority", .noCapacity), ("ReqNodeNotAvail", .noCapacity),
            ("PartitionTimeLimit", .quota), ("BadConstraints", .quota), ("AssocMaxJobsLimit", .quota),
            ("QOSMaxCpuPerUserLimit", .quota), ("AssocGrpGRES", .quota), ("InvalidQOS", .badRequest),
            ("InvalidAccount", .badRequest),
        ] as [(String, ProviderError.Kind)])
    func reasons(reason: String, kind: ProviderError.Kind) {
        #expect(SlurmReason.whatItWaitedFor(reason) == kind)
        // Only what an account gets back by itself, and what others give back, is worth waiting for.
        let mayPass = [
            "Resources", "Priority", "ReqNodeNotAvail", "AssocMaxJobsLimit", "QOSMaxCpuPerUserLimit", "AssocGrpGRES",
        ]
        #expect((SlurmReason.whatNeverResolves(reason) == nil) == mayPass.contains(reason))
    }

    @Test(
        "what sbatch complains about is sorted into what to do about it",
        arguments: [
            ("Unable to contact slurm controller (connect failure)", .transient),
            ("Batch job submission failed: Socket timed out on send/recv operation", .transient),
            ("Batch job submission failed: Invalid account or account/partition combination specified", .badRequest),
            ("invalid partition specified: nope", .badRequest),
            ("Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)", .quota),
            ("Batch job submission failed: Job violates accounting/QOS policy (job submit limit, …)", .quota),
            ("Batch job submission failed: Requested node configuration is not available", .quota),
            ("Batch job submission failed: Access/permission denied", .credentials),
            ("Batch job submission failed: Invalid authentication credential", .credentials),
        ] as [(String, ProviderError.Kind)])
    func complaints(text: String, kind: ProviderError.Kind) {
        #expect(SlurmReason.kind(ofComplaint: text) == kind)
    }

    @Test("the folder's notes and the queue make one list; other people's jobs are not in it")
    func survey() throws {
        let request = NodeGroupRequest(
            token: "run-abcd--a--1", run: try #require(RunID("run-abcd")), region: "hpc", instanceType: "4c-3.9g",
            numNodes: 2)
        let note = NodeGroupNote(request: request).text
        let survey = SlurmSurvey(
            SlurmAnswer(
                """
                @sky queue 11|run-abcd--a--1|RUNNING|1795903927|2|sky run-abcd 4c-3.9g
                @sky queue 12|run-abcd--b--1|PENDING|N/A|1|sky run-abcd 1c-0.9g
                @sky queue 13|interactive|RUNNING|1795903927|1|(null)
                @sky group run-abcd--a--1 \(note)
                @sky number run-abcd--a--1 11
                @sky group run-abcd--c--1 \(note.replacing("--a--", with: "--c--"))
                @sky number run-abcd--c--1 9
                @sky end
                """))
        let groups = survey.groups(at: SlurmCluster(name: "hpc"), "slurm", records: [:]).sorted { $0.token < $1.token }
        #expect(groups.map(\.token) == ["run-abcd--a--1", "run-abcd--b--1", "run-abcd--c--1"])
        #expect(groups.map(\.state) == [.running, .pending, .lost])
        #expect(groups[0].nodes.count == 2 && groups[1].instanceType == "1c-0.9g")
        #expect(
            survey.groups(at: SlurmCluster(name: "other"), "slurm", records: [:]).map(\.token) == ["run-abcd--b--1"])
    }
}

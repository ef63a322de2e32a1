import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@Suite("Estimates, deadlines and checkpoints")
struct EstimateTests {
    private func duration(_ low: String, _ expected: String, _ high: String) throws -> Estimate<TimeSpan> {
        Estimate(
            low: try #require(TimeSpan(low)), expected: try #require(TimeSpan(expected)),
            high: try #require(TimeSpan(high)))
    }

    @Test(
        "a duration is one figure, or lies between two",
        arguments: [
            ("2h", "2h", "2h", "2h"), ("2h..4h", "2h", "3h", "4h"), ("2..4h", "2h", "3h", "4h"),
            ("30m .. 1h30m", "30m", "1h", "1h30m"), ("{low: 2h, expected: 3h, high: 6h}", "2h", "3h", "6h"),
            ("{low: 2h, high: 6h}", "2h", "4h", "6h"), ("{expected: 3h, high: 6h}", "3h", "3h", "6h"),
            ("{expected: 3h}", "3h", "3h", "3h"), ("{default: 5h}", "5h", "5h", "5h"),
        ])
    func durations(text: String, low: String, expected: String, high: String) throws {
        #expect(try stage("run: x\nestimate: \(text)\n").estimate.general == duration(low, expected, high))
    }

    @Test(
        "the size of an output likewise",
        arguments: [
            ("30GB..60GB", 30, 45, 60), ("{size: 30..60GB}", 30, 45, 60), ("{size: 40GB}", 40, 40, 40),
            ("{size: {low: 1GB, expected: 2GB, high: 9GB}}", 1, 2, 9),
        ] as [(String, Int64, Int64, Int64)])
    func sizes(text: String, low: Int64, expected: Int64, high: Int64) throws {
        let gigabytes = { (count: Int64) in DataSize(bytes: count * 1_000_000_000) }
        let output = try #require(try stage("run: x\noutputs: {o: \(text)}\n").outputs.first)
        #expect(
            output.sizeEstimate == Estimate(low: gigabytes(low), expected: gigabytes(expected), high: gigabytes(high)))
    }

    @Test(
        "a name without a number means the number that the stage asks for",
        arguments: [
            ("A100:8", "{A100: 9h..12h}", "A100:8"), ("A100", "{A100: 9h}", "A100:1"),
            ("{A100: 8, T4: 1}", "{'A100': 9h}", "A100:8"), ("{'A100', 'A100:8'}", "{A100: 9h}", "A100:1"),
            ("tpu-v5e-8", "{tpu-v5e: 9h}", "tpu-v5e:8"), ("{memory: 80GB+, count: 8}", "{H100: 9h}", "H100:8"),
            ("{memory: 80GB+}", "{'H100:2': 9h}", "H100:2"),
        ])
    func names(accelerators: String, estimate: String, meant: String) throws {
        let stage = try stage("run: x\nresources: {accelerators: \(accelerators)}\nestimate: \(estimate)\n")
        #expect(stage.estimate.perAccelerator.map(\.accelerator.description) == [meant])
        #expect(stage.estimate.perAccelerator.first?.duration.low == TimeSpan("9h"))
    }

    @Test("one estimate for some accelerators and another for all others")
    func otherwise() throws {
        let text = "run: x\nresources: {accelerators: {A100, T4}}\nestimate: {A100: 2h..4h, default: {expected: 9h}}\n"
        let estimate = try stage(text).estimate
        #expect(estimate.duration(on: AcceleratorCount(name: "A100", count: 1)) == (try duration("2h", "3h", "4h")))
        #expect(estimate.duration(on: AcceleratorCount(name: "T4", count: 1))?.expected == TimeSpan("9h"))
    }

    @Test("a stage may have a deadline, and may say how often and where it saves what it has done")
    func deadlines() throws {
        let short = try stage("run: x\ndeadline: 12h\ncheckpoint: 10m\n")
        #expect(short.deadline == TimeSpan("12h") && short.checkpointInterval == TimeSpan("10m"))
        #expect(short.checkpointPath == nil)
        let long = try stage("run: x\ncheckpoint: {every: 1h, path: ~/ckpt}\n")
        #expect(long.checkpointInterval == TimeSpan("1h") && long.checkpointPath == "~/ckpt" && long.deadline == nil)
    }

    @Test(
        "a policy may stand in a pipeline, a task and the head of a chain",
        arguments: [
            "policy: exec:./p.py\nstages: {a: {run: x}}\n", "policy: exec:./p.py\nrun: x\n",
            "policy: exec:./p.py\n---\nrun: x\n---\nrun: y\n",
        ])
    func policies(text: String) throws {
        #expect(try read(text).pipeline.policy == "exec:./p.py")
    }
}

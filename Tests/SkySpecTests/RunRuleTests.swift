import SkyCore
import SkySpec
import Testing

@Suite("What a run may cost and what happens then")
struct RunRuleTests {
    @Test("a pipeline says how much, how far from the plan, how long and how many at once")
    func pipeline() throws {
        let head =
            "budget: {limit: $50, at_limit: ask}\non_deviation: {allow: 20%}\nlease: 2h\nmax_parallel: 4\n"
            + "keep_on_failure: 30m\n"
        let pipeline = try read(head + "stages: {a: {run: x, budget: 5}}\n").pipeline
        #expect(pipeline.budget == Budget(limit: Money("50")!, atLimit: .ask))
        #expect(pipeline.onDeviation == .allow(percent: 20))
        #expect(pipeline.lease == TimeSpan("2h") && pipeline.maxParallel == 4)
        #expect(pipeline.keepOnFailure == TimeSpan("30m"))
        #expect(pipeline.stages[0].budget == Budget(limit: Money("5")!))
        let chain = try read(head + "---\nrun: x\n---\nrun: y\n").pipeline
        #expect(chain.maxParallel == 4 && chain.budget?.atLimit == .ask)
    }

    @Test(
        "a deviation is a share, a question or a failure",
        arguments: [
            ("20%", DeviationRule.allow(percent: 20)), ("12.5 %", .allow(percent: 12.5)), ("0%", .allow(percent: 0)),
            ("ask", .ask), ("fail", .fail),
        ])
    func deviations(text: String, rule: DeviationRule) throws {
        #expect(try read("run: x\non_deviation: \(text)\n").pipeline.onDeviation == rule)
    }

    @Test(
        "a lease may be off, in so many words, and stays so when the file is written anew",
        arguments: ["off", "none", "'off'"])
    func noLease(text: String) throws {
        let pipeline = try read("run: x\nlease: \(text)\n").pipeline
        #expect(pipeline.lease == .zero)
        #expect(try read(PipelineExplanation.yaml(pipeline)).pipeline.lease == .zero)
    }

    @Test("a file that says nothing leaves it to the broker")
    func silence() throws {
        let pipeline = try read("run: x\n").pipeline
        #expect(pipeline.budget == nil && pipeline.onDeviation == nil && pipeline.lease == nil)
        #expect(pipeline.maxParallel == nil && pipeline.stages[0].budget == nil)
    }

    @Test(
        "a stage goes on with on-demand machines after so many interruptions",
        arguments: [("{fallback: on-demand}", 1), ("{fallback: on-demand, after: 3}", 3)])
    func fallbacks(text: String, interruptions: Int) throws {
        let stage = try stage("run: x\nspot: \(text)\nresources: {use_spot: true}\n")
        #expect(stage.onDemandAfterInterruptions == interruptions)
    }

    @Test("a fallback of a stage that nobody interrupts is warned of")
    func idleFallback() throws {
        let result = try read("run: x\nspot: {fallback: on-demand}\n")
        #expect(result.warnings.map(\.code) == ["spec.ignored-field"])
    }

    @Test(
        "what a stage saves has a time, a path, or both",
        arguments: [
            ("10m", "10m", nil), ("ckpt", nil, "ckpt"), ("~/ckpt", nil, "~/ckpt"),
            ("{path: /ckpt, every: 1h}", "1h", "/ckpt"), ("{path: a b}", nil, "a b"),
        ] as [(String, String?, String?)])
    func checkpoints(text: String, interval: String?, path: String?) throws {
        let stage = try stage("run: x\ncheckpoint: \(text)\n")
        #expect(stage.checkpointInterval == interval.flatMap { TimeSpan($0) } && stage.checkpointPath == path)
    }
}

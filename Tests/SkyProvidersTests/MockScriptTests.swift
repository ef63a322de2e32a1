import SkyCore
import SkyProviders
import SkyTestSupport
import Testing

@Suite("Scripts of misbehaviour")
struct MockScriptTests {
    @Test("every field of a script is read")
    func everyField() throws {
        let script = try MockScript(
            SourceFile(
                path: "mock.yaml",
                text: """
                    seed: 7
                    providers:
                      mock:
                        latency: {provision: 200ms..2s, terminate: 50ms}
                        rate_limit: {calls: 5, per: 2s}
                        quota:
                          - {region: us-east-1, groups: 2}
                          - {nodes: 8}
                        credential_failures: [{first: 1}]
                        stockouts:
                          - {zone: us-east-1a, first: 3}
                          - {instance_type: a2-highgpu-8g, for: 30s}
                          - {probability: 0.25, spot: yes}
                        boot_failures: [{region: eu-west-4}]
                        lost_replies: [{}]
                        preemptions: [{after: 10s..20s, spot: true, notice: 2m}]
                      aws:
                    """))
        #expect(script.seed == 7)
        #expect(script.providers.keys.sorted() == ["aws", "mock"])
        var expected = ProviderScript()
        expected.provisionLatency = SpanRange(TimeSpan(milliseconds: 200), .seconds(2))
        expected.terminateLatency = SpanRange(TimeSpan(milliseconds: 50), TimeSpan(milliseconds: 50))
        expected.rateLimit = RateLimit(calls: 5, per: .seconds(2))
        expected.quotas = [Quota(region: "us-east-1", groups: 2), Quota(nodes: 8)]
        expected.credentialFailures = [FaultRule(first: 1)]
        expected.stockouts = [
            FaultRule(zone: "us-east-1a", first: 3),
            FaultRule(instanceType: "a2-highgpu-8g", lasting: .seconds(30)),
            FaultRule(isSpot: true, probability: 0.25),
        ]
        expected.bootFailures = [FaultRule(region: "eu-west-4")]
        expected.lostReplies = [FaultRule()]
        expected.preemptions = [
            PreemptionRule(
                FaultRule(isSpot: true), after: SpanRange(.seconds(10), .seconds(20)), notice: .seconds(120))
        ]
        #expect(script.providers["mock"] == expected)
        #expect(script.providers["aws"] == ProviderScript())
    }

    @Test("an empty script is calm", arguments: ["", "# nothing\n", "providers:\n", "seed: 3\n"])
    func calm(_ text: String) throws {
        #expect(try MockScript(SourceFile(path: "mock.yaml", text: text)).providers.isEmpty)
    }

    @Test("everything wrong with a script is said at once, each at its place")
    func complaints() throws {
        let source = SourceFile(
            path: "mock.yaml",
            text: """
                sed: 7
                providers:
                  moc:
                    latency: {provision: 2s..1s, terminate: soon, boot: 1s}
                    rate_limit: {per: 1s}
                    quota: [{region: us-east-1}, {nodes: -1}]
                    credential_failures: [{zone: us-east-1a}]
                    stokouts: []
                    stockouts: {first: 2}
                    boot_failures: [{first: 0}, {probability: 1.5}, {probability: often}]
                    lost_replies: [{spot: perhaps}, {region: [a, b]}, 7]
                    preemptions: [{spot: true}, {after: 9999999w}]
                  aws: fine
                ---
                seed: 1
                """)
        let error = try #require(throws: DiagnosticsError.self) { try MockScript(source, providers: ["aws", "mock"]) }
        try expectGolden(DiagnosticRenderer(sources: [source]).render(error.diagnostics), "mock-complaints.txt")
    }

    @Test("the example of the documentation is a script")
    func documentation() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let page = try #require(try text("/\(root)/docs/providers.md"))
        let block = page.split(separator: "```yaml\n").last?.split(separator: "```").first
        let script = try MockScript(SourceFile(path: "mock.yaml", text: String(try #require(block))))
        #expect(script.seed == 7)
        #expect(script.providers["mock"]?.stockouts.count == 3)
        #expect(script.providers["mock"]?.preemptions.map(\.notice) == [nil, .seconds(120)])
        #expect(script.providers["aws"]?.credentialFailures == [FaultRule()])
    }

    @Test("a syntax error is a diagnostic too")
    func syntax() {
        #expect(throws: DiagnosticsError.self) {
            try MockScript(SourceFile(path: "mock.yaml", text: "providers: {mock: ["))
        }
    }
}

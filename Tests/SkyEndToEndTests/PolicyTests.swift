import FoundationEssentials
import Testing

/// Policies that are chosen on the command line and in pipeline files, with the built binary and the real catalog.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PolicyTests {
    private let pipeline = "pipelines/support-tickets/pipeline.yaml"

    private func plan(_ sky: SkyUnderTest, _ file: String, _ policy: String? = nil) async throws -> PolicyPlan {
        let options = policy.map { ["--policy", $0] } ?? []
        let answer = try await sky.run(sky.binary, ["plan", file, "--output", "json"] + options)
        try #require(answer.exitCode == 0, "\(answer.errors)")
        return try JSONDecoder().decode(PolicyPlan.self, from: Data(answer.output.utf8))
    }

    @Test("a policy in Python keeps a stage out of the place where it would be cheapest")
    func python() async throws {
        try await SkyUnderTest.use { sky in
            let cheapest = try await plan(sky, pipeline)
            let place = try #require(cheapest.place(of: "train"))
            let script = "\(sky.repository)/Examples/python-policy/avoid_region.py"
            let other = try await plan(sky, pipeline, "exec:\(script) \(place)")
            #expect(other.place(of: "train") != place)
            #expect(other.policy == "exec:\(script) \(place)")
            #expect(other.caveats.contains { $0.hasPrefix("staying out of \(place) costs $") })

            let nowhere = try await sky("plan", pipeline, "--policy", "exec:\(script) aws azure gcp lambda runpod")
            #expect(nowhere.exitCode != 0)
            #expect(nowhere.errors.contains("can run nowhere else"), "\(nowhere.errors)")
        }
    }

    @Test("a pipeline's own program is found beside it, and the command line wins")
    func beside() async throws {
        try await SkyUnderTest.use { sky in
            let folder = try sky.copy(ofPipeline: "support-tickets")
            let script = "\(sky.repository)/Examples/python-policy/avoid_region.py"
            try FileManager.default.copyItem(atPath: script, toPath: "\(folder)/avoid.py")
            let file = "\(folder)/pipeline.yaml"
            let text = try sky.text(of: file)
            try Data(("policy: exec:./avoid.py azure\n" + text).utf8).write(to: URL(filePath: file))
            let own = try await plan(sky, file)
            #expect(own.stages.allSatisfy { $0.offer.provider != "azure" })
            #expect(try await plan(sky, file, "cheapest").policy == "cheapest")
            try FileManager.default.removeItem(atPath: "\(folder)/avoid.py")
            let lost = try await sky("plan", file)
            #expect(lost.exitCode == 2)
            #expect(lost.errors.contains("avoid.py'"), "\(lost.errors)")
        }
    }

    @Test("each policy by name makes a plan of the sample pipeline")
    func named() async throws {
        try await SkyUnderTest.use { sky in
            for policy in [
                "fastest", "balanced:20/h", "spot-first", "data-gravity", "fewest-providers", "carbon", "sticky",
                "within-deadline:100h then carbon", "residency:eu,us then fewest-providers then fastest",
            ] {
                let made = try await plan(sky, pipeline, policy)
                #expect(made.stages.count == 3, "\(policy)")
                if policy.contains("fewest") { #expect(Set(made.stages.map(\.offer.provider)).count == 1) }
            }
        }
    }
}

private struct PolicyPlan: Decodable {
    struct Stage: Decodable {
        struct Offer: Decodable {
            let provider: String
            let region: String
        }

        let stage: String
        let offer: Offer
    }

    let policy: String
    let stages: [Stage]
    let caveats: [String]

    func place(of stage: String) -> String? {
        stages.first { $0.stage == stage }.map { "\($0.offer.provider)/\($0.offer.region)" }
    }
}

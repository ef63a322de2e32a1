import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@Suite("Explaining pipelines")
struct ExplanationTests {
    @Test("what is explained reads back to an equal pipeline", arguments: TaskFileTests.tasks)
    func tasks(name: String) throws {
        try expectRoundTrip(try fixture("tasks/\(name).yaml"), files: TaskFileTests.files)
    }

    @Test("the example of the format is explained in full")
    func example() throws {
        let pipeline = try read(ReadingTests.example, files: ReadingTests.files).pipeline
        try expectGolden(PipelineExplanation.yaml(pipeline), "explained-example.txt")
        try expectRoundTrip(ReadingTests.example, files: ReadingTests.files)
    }

    @Test("texts that YAML would read as something else survive")
    func awkwardTexts() throws {
        let texts = [
            "", " ", "no", "~", "null", "1e3", "a: b", "#x", "'", "\"", "\\", "\t", "a\nb", "a\nb\n", "a\n\n", "\na",
            " a\nb", "a\n ", "a\r\nb", "ä€😀", "\u{7}", "\u{85}x\ny", "\u{2028}", "- a", "@", "%", "$HOME", "{a}", "|",
            "a\tb\nc",
            "\u{FEFF}\n", "---\na", "...\nb", "# c\nd",
        ]
        for text in texts {
            let stage = Stage(
                name: "null", resources: ResourceRequest(), envs: ["no": text, "A": text], setup: text, run: text,
                secretNames: ["on"])
            let pipeline = Pipeline(name: "7", stages: [stage], reusesNodes: true, directory: folder)
            let explained = PipelineExplanation.yaml(pipeline)
            #expect(try read(explained).pipeline == pipeline, "\(explained)")
        }
    }

    @Test("every field survives, in every combination of values that a seeded die throws")
    func random() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            let pipeline = RandomPipeline.make(using: &random)
            let explained = PipelineExplanation.yaml(pipeline)
            #expect(try read(explained, files: RandomPipeline.files).pipeline == pipeline, "\(explained)")
        }
    }

    @Test("alternatives and whatever else files can say about resources survive, as a seeded die writes them")
    func randomTexts() throws {
        var random = SeededGenerator(seed: 11)
        var withAlternatives = 0
        for _ in 0..<400 {
            let text = RandomResources.text(using: &random)
            let pipeline = try read(text).pipeline
            let explained = PipelineExplanation.yaml(pipeline)
            let again = try read(explained)
            #expect(again.pipeline == pipeline, "\(text)\n\(explained)")
            #expect(again.warnings.isEmpty)
            withAlternatives += pipeline.stages[0].alternatives.isEmpty ? 0 : 1
        }
        #expect(withAlternatives > 100)
    }

    private func expectRoundTrip(_ text: String, files: FakeFiles) throws {
        let first = try read(text, overrides: ["SEED": "1"], files: files).pipeline
        let explained = PipelineExplanation.yaml(first)
        let second = try read(explained, files: files)
        #expect(second.pipeline == first, "\(explained)")
        #expect(second.warnings.isEmpty)
        #expect(PipelineExplanation.yaml(second.pipeline) == explained)
    }
}

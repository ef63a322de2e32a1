import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@Suite("Pipeline files of any text")
struct SpecFuzzTests {
    private static let words = [
        "null", "~", "[]", "{}", "0", "-1", "1e309", "99999999999999999999", "''", "\"\\0\"", "$", "${", "$$", "A100:",
        ":8", "tpu-v5e-", "a.b", ".", "..", "://", "s3://", "8+", "+", "%", "*x", "&x ", "<<: ", "stages: ", "- ", "\n",
        "any_of: [{}]", "run: x\n", "---\n", "é", "\u{0}", "65535-1", "1..", "9..1", "80GB+", "{not: a}", "eu",
        "{low: 1h}", "1-99999999999999999999", "9h9", "inputs: ",
    ]

    @Test("no mutation of any file traps, and every complaint lies in the file")
    func mutations() throws {
        var seeds = [ReadingTests.example]
        // Twice, for few mutations of them are right.
        for name in TaskFileTests.tasks + TaskFileTests.tasks { seeds.append(try fixture("tasks/\(name).yaml")) }
        for name in MistakeTests.mistakes { seeds.append(try fixture("mistakes/\(name).yaml")) }
        var random = SeededGenerator(seed: 99)
        var counts = (good: 0, bad: 0)
        for round in 0..<1500 {
            var text = Array(seeds[round % seeds.count].unicodeScalars)
            for _ in 0...Int.random(in: 0..<4, using: &random) { mutate(&text, using: &random) }
            let source = SourceFile(path: "f", text: String(String.UnicodeScalarView(text)))
            do throws(DiagnosticsError) {
                let result = try SpecReader.read(
                    source: source, directory: folder, overrides: ["SEED": "1"], files: TaskFileTests.files)
                _ = PipelineExplanation.yaml(result.pipeline)
                counts.good += 1
            } catch {
                #expect(!error.diagnostics.isEmpty)
                _ = DiagnosticRenderer(sources: error.sources).render(error.diagnostics)
                counts.bad += 1
            }
        }
        // Both kinds must be met, or the mutations say nothing.
        #expect(counts.good > 100 && counts.bad > 500)
    }

    private func mutate(_ text: inout [Unicode.Scalar], using random: inout SeededGenerator) {
        let place = Int.random(in: 0...text.count, using: &random)
        let end = min(text.count, place + Int.random(in: 0..<8, using: &random))
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text.removeSubrange(place..<end)
        case 1: text.insert(contentsOf: text[place..<end], at: Int.random(in: 0...text.count, using: &random))
        case 2:
            // A whole value replaced by an odd one: what typed parsers meet most.
            guard let colon = text[place...].firstIndex(of: ":") else { return }
            let lineEnd = text[colon...].firstIndex(of: "\n") ?? text.count
            let word = Self.words.randomElement(using: &random) ?? ""
            text.replaceSubrange(colon..<lineEnd, with: (": " + word).unicodeScalars)
        default: text.insert(contentsOf: (Self.words.randomElement(using: &random) ?? "").unicodeScalars, at: place)
        }
    }
}

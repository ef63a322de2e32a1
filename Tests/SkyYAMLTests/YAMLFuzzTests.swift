import SkyCore
import SkyTestSupport
import SkyYAML
import Testing

@Suite("YAML of any bytes")
struct YAMLFuzzTests {
    private static let seeds = [
        "name: a\nstages:\n  b: {run: 'x', n: [1, 2]}\n",
        "base: &b {a: 1}\nx: {<<: *b, c: *b}\n---\n- |\n  t\n- >-\n  u\n",
        "? [k]\n: !!str \"\\u00e9\\n\"\n%TAG ! x\n", "\u{FEFF}größe: 'ü''' # c\r\nz:\r\n\t- 1\n",
    ]
    private static let tokens = [
        "\t", "\n", ": ", "- ", "? ", "[", "]", "{", "}", "&a ", "*a", "<<: ", "---\n", "...\n", "|\n", ">", "'", "\"",
        "!!str ", "%YAML 1.1\n", "#", "\u{85}", "\u{2028}", "\0", "\\u", "é", "😀", "@", "`", ",",
    ].map { Array($0.utf8) }

    @Test("no mutation of any file traps, and every place named lies in the file")
    func mutations() {
        var random = SeededGenerator(seed: 0x5EED)
        var refused = 0
        for round in 0..<4000 {
            var bytes = Array(Self.seeds[round % Self.seeds.count].utf8)
            for _ in 0...Int.random(in: 0..<5, using: &random) { mutate(&bytes, using: &random) }
            let result = YAML.parse(bytes: bytes, path: "f", limits: YAMLLimits(expandedNodes: 200, depth: 8))
            if !result.diagnostics.isEmpty { refused += 1 }
            let lines = 1 + bytes.count
            for place in result.diagnostics.compactMap(\.range?.start) + result.documents.map(\.range.start) {
                #expect(place.line >= 1 && place.column >= 1 && place.line <= lines)
            }
            let source = SourceFile.decoding(bytes, path: "f").source
            _ = DiagnosticRenderer(sources: [source]).render(result.diagnostics)
        }
        // Both kinds must be met, or the mutations say nothing.
        #expect(refused > 500 && refused < 3800)
    }

    private func mutate(_ bytes: inout [UInt8], using random: inout SeededGenerator) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 0..<6, using: &random)))
        case 2:
            let slice = Array(bytes[place..<min(bytes.count, place + 12)])
            bytes.insert(contentsOf: slice, at: Int.random(in: 0...bytes.count, using: &random))
        default: bytes.insert(contentsOf: Self.tokens.randomElement(using: &random) ?? [], at: place)
        }
    }
}

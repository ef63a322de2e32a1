import SkyCore
import SkyTestSupport
import SkyYAML
import Testing

@Suite("Reading YAML")
struct YAMLReadingTests {
    @Test("scalars stay text and say whether they were plain")
    func scalars() throws {
        let node = try one("a: no\nb: 'no'\nc: |\n  x\n  y\nd:\ne: !!str 12\nf: 1e3\n")
        #expect(node["a"]?.scalar == "no" && node["a"]?.boolean == false)
        #expect(node["b"]?.scalar == "no" && node["b"]?.boolean == nil)
        #expect(node["c"]?.scalar == "x\ny\n")
        #expect(node["d"]?.isNull == true && node["d"]?.kindName == "nothing")
        #expect(node["e"]?.scalar == "12" && node["e"]?.integer == nil)
        #expect(node["f"]?.number == 1000 && node["f"]?.integer == nil)
        #expect(node["g"] == nil)
    }

    @Test("each document of a file is read; an empty file has none")
    func documents() {
        #expect(YAML.parse(file("")).documents.isEmpty)
        #expect(YAML.parse(file("# only a comment\n")).documents.isEmpty)
        let chain = YAML.parse(file("name: a\n---\nname: b\n...\n---\n- 1\n"))
        #expect(chain.documents.map { $0["name"]?.scalar } == ["a", "b", nil])
        #expect(chain.documents.last?.sequence?.count == 1)
        #expect(chain.diagnostics.isEmpty)
    }

    @Test("every key and value has its place, in characters and without the byte order mark")
    func places() throws {
        let node = try one("\u{FEFF}größe: {é: [1, \"zwei\"]}\nlong:\n  key: value\n  last: x\n\n\nnext: 3\n")
        let entries = try #require(node.mapping)
        #expect(entries.map(\.keyRange) == [range(1, 1, 1, 6), range(2, 1, 2, 5), range(7, 1, 7, 5)])
        #expect(entries[0].value.range == range(1, 8, 1, 24))
        let inner = try #require(entries[0].value.mapping?.first)
        #expect(inner.keyRange == range(1, 9, 1, 10))
        #expect(inner.value.sequence?.last?.range == range(1, 16, 1, 22))
        // An indented block ends with its last value, not at the next key.
        #expect(entries[1].value.range == range(3, 3, 4, 10))
        #expect(entries[2].value.range == range(7, 7, 7, 8))
    }

    @Test("lines end with LF, CR LF or CR alike", arguments: ["\n", "\r\n", "\r"])
    func lineEnds(end: String) throws {
        let node = try one("a: 1\(end)b: 2\(end)")
        #expect(node.mapping?.last?.keyRange == range(2, 1, 2, 2))
    }

    @Test("an alias stands for its anchor's value and points to it")
    func aliases() throws {
        let node = try one("base: &b {x: 1}\nsame: *b\n")
        #expect(node["same"]?["x"]?.scalar == "1")
        #expect(node["same"]?.range == node["base"]?.range)
    }

    @Test("a plain << merges: own keys win, lists merge left to right, entries come where << stands")
    func merges() throws {
        let node = try one(
            """
            one: &one {a: 1, b: 1, c: 1}
            two: &two {b: 2, d: 2}
            all: {z: 0, <<: [*two, *one], c: own, y: 0}
            quoted: {"<<": 1}
            """)
        let all = try #require(node["all"]?.mapping)
        #expect(all.map { "\($0.key)=\($0.value.scalar ?? "")" } == ["z=0", "b=2", "d=2", "a=1", "c=own", "y=0"])
        #expect(node["quoted"]?["<<"]?.scalar == "1")
    }

    @Test("bytes that are no UTF-8 are refused at their place")
    func encoding() {
        let result = YAML.parse(bytes: Array("a: 1\nbé: ".utf8) + [0xFF, 0x41], path: "f.yaml")
        #expect(result.documents.isEmpty)
        #expect(result.diagnostics.map(\.code) == ["yaml.encoding"])
        #expect(result.diagnostics.first?.range == range(2, 5, 2, 6))
        #expect(YAML.parse(bytes: Array("ä: ö".utf8), path: "f.yaml").diagnostics.isEmpty)
    }

    private func one(_ text: String) throws -> YAMLNode {
        let result = YAML.parse(file(text))
        #expect(result.diagnostics.isEmpty)
        #expect(result.documents.count == 1)
        return try #require(result.documents.first)
    }
}

func file(_ text: String) -> SourceFile { SourceFile(path: "f.yaml", text: text) }

func range(_ line: Int, _ column: Int, _ endLine: Int, _ endColumn: Int) -> SourceRange {
    SourceRange(
        start: SourcePosition(line: line, column: column), end: SourcePosition(line: endLine, column: endColumn))
}

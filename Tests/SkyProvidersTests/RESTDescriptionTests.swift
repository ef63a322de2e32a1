import SkyCore
import SkyHTTP
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("Files that describe APIs")
struct RESTDescriptionTests {
    private static let sound = """
        base: https://api.example.com/v1
        auth: {bearer: {environment: KEY}}
        launch: {post: /machines, body: {name: "{{name}}"}, id: id}
        list: {get: /machines, items: machines}
        machine: {id: id, state: state, tags: {map: tags}}
        states: {up: running}
        terminate: {delete: "/machines/{{id}}"}

        """

    private func read(_ text: String) -> (RESTDescription?, [Diagnostic]) {
        var reader = RESTDescriptionReader(path: "rest.yaml", home: "/home/me")
        let description = reader.read(Array(text.utf8))
        return (description, reader.diagnostics)
    }

    @Test("a short one is enough")
    func sound() throws {
        let (description, diagnostics) = read(Self.sound)
        #expect(diagnostics == [])
        #expect(try #require(description).states == ["up": .init(state: .running)])
    }

    @Test("those that are shipped are read without complaint", arguments: RESTUnderTest.allCases)
    func shipped(_ kind: RESTUnderTest) throws {
        #expect(try kind.description().base.hasPrefix("https://"))
        #expect(try ErrorTable.read(kind.rawValue, in: RESTUnderTest.providers).rows.count > 5)
    }

    static let mistakes: [(change: String, to: String, message: String, line: Int)] = [
        ("base: https://api.example.com/v1", "base: api.example.com", "no address of an API", 1),
        ("base: https://api.example.com/v1\n", "", "the field 'base' is missing", 1),
        ("auth: {bearer: {environment: KEY}}", "auth: {bearer: {}}", "nothing says where the secret is", 2),
        ("auth: {bearer: {environment: KEY}}", "auth: {barer: {environment: KEY}}", "unknown field 'barer'", 2),
        ("{{name}}", "{{nmae}}", "'nmae' stands for nothing here", 3),
        ("{{name}}", "{{name", "'{{' and '}}' do not match", 3),
        ("post: /machines", "post: machines", "no path of the API", 3),
        ("post: /machines,", "", "a call has one method", 3),
        (", id: id}\nlist", "}\nlist", "the field 'id' is missing", 3),
        ("items: machines", "items: a..b", "no place in an answer", 4),
        ("{map: tags}", "{maps: tags}", "unknown field 'maps'", 5),
        ("up: running", "up: runing", "not what a machine can do", 6),
        ("up: running", "up: ended soon", "not what a machine can do", 6),
        ("{{id}}", "{{rank}}", "'rank' stands for nothing here", 7),
        ("terminate: {delete: \"/machines/{{id}}\"}\n", "", "the field 'terminate' is missing", 1),
        ("states: {up: running}", "states: {up: running}\npace: soon", "not a time for pace", 7),
    ]

    @Test("each mistake is shown at its place", arguments: mistakes.indices)
    func mistake(_ index: Int) throws {
        let mistake = Self.mistakes[index]
        let (_, diagnostics) = read(Self.sound.replacing(mistake.change, with: mistake.to))
        let found = try #require(diagnostics.first { $0.message.contains(mistake.message) }, "\(diagnostics)")
        #expect(found.range?.start.line == mistake.line, "\(found)")
    }

    @Test("all mistakes are told at once")
    func all() {
        let (description, diagnostics) = read("base: x\nauth: none\nlaunch: []\nmachine: {}\nnonsense: 1\n")
        #expect(description == nil)
        #expect(diagnostics.count >= 7, "\(diagnostics.map(\.message))")
    }

    @Test("whatever is in a file, reading it ends")
    func fuzz() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            var bytes = Array(Self.sound.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 9...126, using: &generator)
                case 1: bytes.remove(at: index)
                default: bytes.insert(contentsOf: Array("{{[:".utf8), at: index)
                }
            }
            var reader = RESTDescriptionReader(path: "rest.yaml", home: "/")
            _ = reader.read(bytes)
        }
    }

    // MARK: Ways and templates

    private let tree: JSONValue = .object([
        "data": .object([
            "ids": .array([.string("a"), .number(2)]),
            "ports": .array([
                .object(["private": .number(22), "ip": .string("10.0.0.1"), "stock": .string("NONE")]),
                .object(["private": .number(80), "ip": .string("10.0.0.2")]),
            ]),
        ])
    ])

    @Test(
        "a way leads to what is there, and nowhere else",
        arguments: [
            ("data.ids[0]", "a"), ("data.ids[1]", "2"), ("data.ids[2]", nil), ("data.none.x", nil),
            ("data.ports[private=80].ip", "10.0.0.2"), ("data.ports[private=81].ip", nil),
            ("data.ports[stock!=NONE].ip", "10.0.0.2"), ("data.ids[0].x", nil),
        ] as [(String, String?)])
    func ways(_ path: String, _ expected: String?) throws {
        let found = try #require(JSONPath(path)).values(in: tree).first?.text
        #expect(found == expected)
    }

    @Test("a way to all leads to all", arguments: [("data.ports[*].ip", 2), (".", 1), ("data.ids", 2)])
    func allWays(_ path: String, _ count: Int) throws {
        #expect(try #require(JSONPath(path)).values(in: tree).count == count)
    }

    @Test("what is no way is none", arguments: ["", "a..b", "a[", "a[x]", "a]b["])
    func noWays(_ path: String) { #expect(JSONPath(path) == nil) }

    @Test("a template keeps types, drops what stands for nothing, and escapes what it puts into a path")
    func templates() throws {
        let scope: JSONValue = .object([
            "count": .number(2), "name": .string("a b/c"), "type": .object(["gpu": .string("X")]), "no": .null,
        ])
        func render(_ text: String) -> JSONValue? { RESTTemplate(text: text)?.rendered(scope) }
        #expect(render("{{count}}") == .number(2))
        #expect(render("{{count}}/tcp") == .string("2/tcp"))
        #expect(render("{{no}}/tcp") == nil)
        #expect(render("{{no | type.gpu}}") == .string("X"))
        let path = RESTTemplate(text: "/x/{{name}}")?.rendered(scope) { $0.replacing("/", with: "%2F") }
        #expect(path == .string("/x/a b%2Fc"))
        let object = RESTTemplate.object(
            [.init(key: "a", value: .value(.init("count"))), .init(key: "b", value: .value(.init("no")))], when: nil)
        #expect(object.rendered(scope) == .object(["a": .number(2)]))
        #expect(RESTTemplate.object([], when: .init("no")).rendered(scope) == nil)
    }

    @Test(
        "keys are found in the files of vendors' tools",
        arguments: [
            ("api_key = abc", "api_key"), ("apikey = \"abc\"\n", "apikey"), ("key: abc", "key"),
            ("{\"client_id\": \"abc\", \"x\": 1}", "client_id"), ("{\n  \"client_id\": \"abc\",\n}", "client_id"),
            ("abc\n", nil),
        ] as [(String, String?)])
    func keyFiles(_ text: String, _ key: String?) {
        #expect(KeyFile.value(key, in: text)?.reveal() == "abc")
        #expect(KeyFile.value("other", in: text) == nil)
    }

    @Test("patterns of types", arguments: [("*_A_*", "1x_A_B", true), ("*_A_*", "1x_AB", false), ("a", "a", true)])
    func patterns(_ pattern: String, _ text: String, _ fits: Bool) { #expect(pattern.fits(text) == fits) }
}

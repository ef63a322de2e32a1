import FoundationEssentials
import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@Suite("The JSON Schema")
struct SchemaTests {
    /// Any JSON at all, for looking around in it.
    private indirect enum Value: Decodable {
        case object([String: Value]), array([Value]), string(String), bool(Bool), number(Double)

        init(from decoder: any Decoder) throws {
            let single = try decoder.singleValueContainer()
            if let members = try? single.decode([String: Value].self) {
                self = .object(members)
            } else if let elements = try? single.decode([Value].self) {
                self = .array(elements)
            } else if let text = try? single.decode(String.self) {
                self = .string(text)
            } else if let flag = try? single.decode(Bool.self) {
                self = .bool(flag)
            } else {
                self = .number(try single.decode(Double.self))
            }
        }

        subscript(key: String) -> Value? {
            if case .object(let members) = self { members[key] } else { nil }
        }

        var keys: Set<String> { if case .object(let members) = self { Set(members.keys) } else { [] } }

        var references: [String] {
            switch self {
            case .object(let members):
                members.flatMap { key, value in
                    if key == "$ref", case .string(let target) = value { return [target] }
                    return value.references
                }
            case .array(let elements): elements.flatMap(\.references)
            default: []
            }
        }
    }

    @Test("is valid JSON in which every reference leads somewhere")
    func valid() throws {
        let schema = try JSONDecoder().decode(Value.self, from: Data(PipelineSchema.json().utf8))
        let definitions = try #require(schema["$defs"]?.keys)
        #expect(schema["$schema"] != nil && definitions.contains("stage"))
        for reference in schema.references {
            #expect(definitions.contains(String(reference.dropFirst("#/$defs/".count))), "\(reference)")
        }
        #expect(Set(schema.references).count == definitions.count)
    }

    @Test("has every field that the fixtures use and every field that complaints list")
    func fields() throws {
        let schema = try JSONDecoder().decode(Value.self, from: Data(PipelineSchema.json().utf8))
        let stage = try #require(schema["$defs"]?["stage"]?["properties"]?.keys)
        let expected = complaints(about: "stages: {a: {run: x, qqqq: 1}}").first?.expected ?? ""
        let listed = Set(expected.dropFirst("one of ".count).split(separator: ", ").map(String.init))
        #expect(listed.contains("run") && stage.isSuperset(of: listed))
        let silent = stage.subtracting(listed)
        #expect(silent.contains("config"))
        for name in silent { #expect(schema["$defs"]?["stage"]?["properties"]?[name]?["deprecated"] != nil) }
        let resources = try #require(schema["$defs"]?["resources"]?["properties"]?.keys)
        #expect(resources.isSuperset(of: ["cpus", "accelerators", "any_of", "ordered", "infra", "job_recovery"]))
    }

    @Test("is the same text every time")
    func golden() throws {
        try expectGolden(PipelineSchema.json(), "schema.json")
    }
}

import SkyCore
import SkyYAML

/// `capabilities`: what a machine must be able to do, and what it must not.
enum CapabilityFields {
    private static let name = TextForm("a capability such as confidential", pattern: "^[^ ]+$")
    static let shape = Shape.anyOf([
        .text(name), .list(.anyOf([.text(name), .section("exclusion")])), .section("exclusion"),
    ])

    static let exclusion = Section<CapabilitiesDraft>(
        name: "exclusion", phrase: "an exclusion", summary: "Capabilities that the machine must not have.",
        fields: [
            Field(
                "not", .anyOf([.text(name), .list(.text(name))]), required: true,
                "One capability, or several: none of them.", example: "arm64"
            ) { entry, draft, reading in
                draft.excluded += reading.elements(of: entry.value).map { Located($0.scalar ?? "", $0.range) }
            }
        ])

    static func read(_ node: YAMLNode, into request: inout ResourceRequest, _ reading: Reading) {
        var draft = CapabilitiesDraft()
        for element in reading.elements(of: node) {
            if element.mapping != nil {
                exclusion.read(element, into: &draft, at: element.range, reading)
            } else {
                draft.wanted.append(Located(element.scalar ?? "", element.range))
            }
        }
        for excluded in draft.excluded {
            guard let wanted = draft.wanted.first(where: { $0.value == excluded.value }) else { continue }
            reading.error(
                "spec.conflict", at: excluded.range, "'\(excluded.value)' is both asked for and excluded",
                expected: "one of them", notes: [Diagnostic.Note(range: wanted.range, message: "asked for here")])
        }
        request.capabilities = unique(draft.wanted)
        request.excludedCapabilities = unique(draft.excluded)
    }

    private static func unique(_ names: [Located<String>]) -> [String] {
        var result: [String] = []
        for name in names where !result.contains(name.value) { result.append(name.value) }
        return result
    }
}

struct CapabilitiesDraft {
    var wanted: [Located<String>] = []
    var excluded: [Located<String>] = []
}

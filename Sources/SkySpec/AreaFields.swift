import SkyCore
import SkyYAML

/// `regions`: parts of the world that nodes or data must stay in.
enum AreaFields {
    static let form = TextForm("a part of the world such as eu, us or de", pattern: "^[A-Za-z-]+$")
    static let shape = Shape.anyOf([.text(form), .list(.text(form))])

    /// What lifts a limit that stands further out.
    private static let anywhere = "any"

    /// In file order, each once, in lower case; empty for `any`.
    static func read(_ node: YAMLNode, _ reading: Reading) -> [String] {
        var areas: [String] = []
        for element in reading.elements(of: node) {
            let area = (element.scalar ?? "").lowercased()
            if area == anywhere {
                guard node.scalar == nil else { return [] }
                reading.error(
                    "spec.conflict", at: element.range, "'any' stands beside other regions",
                    expected: "regions: any, or the regions without it")
            } else if Areas.members(of: area) == nil {
                complain(about: element, reading)
            } else if !areas.contains(area) {
                areas.append(area)
            }
        }
        return areas
    }

    private static func complain(about node: YAMLNode, _ reading: Reading) {
        let text = node.scalar ?? ""
        // Any two letters are near to many countries.
        let names = text.utf8.count > 2 ? Areas.names : Areas.groups.keys.sorted()
        var help = reading.suggestion(for: text, among: names)
        if text.contains(where: \.isNumber) { help = "one region of a provider is written infra: '*/\(text)'" }
        reading.error(
            "spec.unknown-area", at: node.range, "unknown part of the world '\(text)'",
            expected: help == nil
                ? "a continent, eu, eea, or the two letters of a country, such as de" : nil, help: help)
    }
}

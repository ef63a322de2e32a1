import FoundationEssentials
import SkyCore
import SkySpec
import Testing

@Suite("The reference of the format")
struct ReferenceTests {
    @Test("names every field that has an effect", arguments: ["stages: {a: {run: x, qqqq: 1}}", "run: x\nqqqq: 1"])
    func fields(text: String) throws {
        let page = try reference()
        let listed = complaints(about: text).first?.expected?.dropFirst("one of ".count) ?? ""
        let names = listed.split(separator: ", ")
        #expect(names.count > 10)
        for name in names { #expect(page.contains("`\(name)`"), "\(name)") }
    }

    @Test(
        "names every field of resources and service",
        arguments: ["run: x\nresources: {qqqq: 1}\n", "run: x\nservice: {port: 1, qqqq: 1}\n"])
    func sections(text: String) throws {
        let page = try reference()
        let listed = complaints(about: text).first?.expected?.dropFirst("one of ".count) ?? ""
        // `ports` of a service is SkyPilot's other name of `port`.
        for name in listed.split(separator: ", ") { #expect(page.contains("`\(name)`"), "\(name)") }
        #expect(!listed.isEmpty)
    }

    @Test("shows examples that read without complaint")
    func examples() throws {
        let blocks = try reference().components(separatedBy: "```yaml\n").dropFirst()
        for block in blocks {
            let yaml = block.components(separatedBy: "```").first ?? ""
            let result = try read(yaml, files: FakeFiles(["\(folder)/data/tickets.csv": 1]))
            #expect(result.warnings.isEmpty)
        }
        #expect(!blocks.isEmpty)
    }

    private func reference(filePath: String = #filePath) throws -> String {
        let root = URL(filePath: filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOfFile: root.appending(path: "docs/pipeline-format.md").path, encoding: .utf8)
    }
}

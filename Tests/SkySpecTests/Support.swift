import FoundationEssentials
import SkyCore
import SkySpec
import Testing

/// A file system that exists only in the test: paths with sizes; folders are what paths lie in.
struct FakeFiles: FileSystemView {
    var sizes: [String: Int64]
    var homeDirectory: String? { "/home/ada" }

    init(_ sizes: [String: Int64] = [:]) { self.sizes = sizes }

    func kind(of path: String) -> FileKind? {
        if sizes[path] != nil { return .file }
        return path == "/" || sizes.keys.contains { $0.hasPrefix(path + "/") } ? .folder : nil
    }

    func size(of path: String) -> DataSize? {
        if let bytes = sizes[path] { return DataSize(bytes: bytes) }
        let inside = sizes.filter { $0.key.hasPrefix(path + "/") }.map(\.value)
        return inside.isEmpty ? nil : DataSize(bytes: inside.reduce(0, +))
    }
}

let folder = "/home/ada/tickets"

func read(
    _ text: String, path: String = "pipeline.yaml", overrides: [String: String] = [:], files: FakeFiles = FakeFiles()
) throws(DiagnosticsError) -> ReadPipeline {
    try SpecReader.read(
        source: SourceFile(path: path, text: text), directory: folder, overrides: overrides, files: files)
}

/// The complaints about a text that must have some.
func complaints(
    about text: String, path: String = "pipeline.yaml", overrides: [String: String] = [:],
    files: FakeFiles = FakeFiles()
) -> [Diagnostic] {
    do throws(DiagnosticsError) {
        _ = try read(text, path: path, overrides: overrides, files: files)
        Issue.record("read without complaint: \(text)")
        return []
    } catch {
        return error.diagnostics
    }
}

/// The one stage of a text that must be right.
func stage(_ text: String, files: FakeFiles = FakeFiles()) throws -> Stage {
    try #require(try read(text, files: files).pipeline.stages.first)
}

func fixture(_ name: String, filePath: String = #filePath) throws -> String {
    let path = URL(filePath: filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)").path
    return try String(contentsOfFile: path, encoding: .utf8)
}

func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(filePath: path))
}

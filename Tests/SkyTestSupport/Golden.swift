public import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Compares `text` with the file `name` in the `Snapshots` folder beside the calling test, and shows what differs.
///
/// With `SKY_RECORD=1` the file is written instead and the test fails, so that a recording run is never green.
public func expectGolden(
    _ text: String, _ name: String, filePath: String = #filePath,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let folder = URL(filePath: filePath).deletingLastPathComponent().appending(path: "Snapshots")
    let file = folder.appending(path: name)
    if ProcessInfo.processInfo.environment["SKY_RECORD"] == "1" {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        Issue.record("recorded \(name); run again without SKY_RECORD", sourceLocation: sourceLocation)
        return
    }
    guard let data = try? Data(contentsOf: file) else {
        Issue.record("no golden file \(name); record it with SKY_RECORD=1", sourceLocation: sourceLocation)
        return
    }
    let expected = String(decoding: data, as: UTF8.self)
    guard expected != text else { return }
    Issue.record("\(name) differs:\n\(difference(from: expected, to: text))", sourceLocation: sourceLocation)
}

private func difference(from expected: String, to actual: String) -> String {
    let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let new = actual.split(separator: "\n", omittingEmptySubsequences: false)
    var lines: [(Int, String)] = []
    for change in new.difference(from: old) {
        switch change {
        case .remove(let offset, let line, _): lines.append((offset, "-\(line)"))
        case .insert(let offset, let line, _): lines.append((offset, "+\(line)"))
        }
    }
    return lines.sorted { $0.0 < $1.0 }.map(\.1).joined(separator: "\n")
}

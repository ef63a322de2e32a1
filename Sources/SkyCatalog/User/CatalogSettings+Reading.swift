public import SkyCore
import SkyYAML

extension CatalogSettings {
    /// The settings in a person's folder of providers: `settings.yaml`, with `max_age` and `use_flagged`; the usual ones
    /// where there is no such file.
    ///
    /// - Throws: everything wrong with the file, with its place.
    public static func read(from folder: String, today: CalendarDay?) throws(DiagnosticsError) -> CatalogSettings {
        var settings = CatalogSettings(today: today)
        let path = "\(folder)/settings.yaml"
        guard fileExists(path) else { return settings }
        let bytes = try fileBytes(path)
        let parsed = YAML.parse(bytes: bytes, path: path)
        var diagnostics = parsed.diagnostics
        func complain(_ node: YAMLNode, _ message: String, expected: String) {
            diagnostics.append(
                Diagnostic(
                    code: "catalog.bad-value", path: path, range: node.range, message: message, expected: expected))
        }
        for entry in parsed.documents.first?.mapping ?? [] {
            switch entry.key {
            case "max_age":
                guard let span = entry.value.scalar.flatMap({ TimeSpan($0) }), span.milliseconds >= 86_400_000 else {
                    complain(entry.value, "not an age", expected: "at least a day, such as 365d or 52w")
                    continue
                }
                settings.maximumAgeInDays = Int(span.milliseconds / 86_400_000)
            case "use_flagged":
                guard let word = entry.value.scalar, ["true", "false"].contains(word) else {
                    complain(entry.value, "neither true nor false", expected: "true or false")
                    continue
                }
                settings.usesFlagged = word == "true"
            default:
                diagnostics.append(
                    Diagnostic(
                        code: "catalog.unknown-field", path: path, range: entry.keyRange,
                        message: "unknown field '\(entry.key)'", expected: "max_age or use_flagged"))
            }
        }
        guard diagnostics.isEmpty else {
            throw DiagnosticsError(
                diagnostics, sources: [SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self))])
        }
        return settings
    }
}

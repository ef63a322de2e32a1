public import SkyCore
import SkyYAML

/// Reads pipeline files: Sky's own and SkyPilot's task files.
public enum SpecReader {
    /// Larger files are no pipelines.
    private static let byteLimit = 4 << 20

    /// Reads, checks and resolves the file at `path`.
    ///
    /// - Parameter overrides: values of environment variables by name, as given with `--env`; those of secrets too.
    /// - Throws: all problems of the file at once, also when there is no such file.
    public static func read(
        path: String, overrides: [String: String] = [:], knownAccelerators: AcceleratorNames = .standard
    ) throws(DiagnosticsError) -> ReadPipeline {
        let files = LocalFileSystem()
        let absolute = PathText.absolute(path, in: LocalFileSystem.currentDirectory)
        if files.kind(of: absolute) == .folder {
            let inside = "\(absolute)/pipeline.yaml"
            let help = files.kind(of: inside) == nil ? nil : "did you mean '\(path)/pipeline.yaml'?"
            throw whole(path, "spec.no-file", "this is a folder", expected: "a pipeline file", help: help)
        }
        let bytes: [UInt8]
        switch files.contents(of: absolute, limit: byteLimit) {
        case .success(let contents): bytes = contents
        case .failure(.tooLarge): throw whole(path, "spec.too-large", "the file is too large", expected: "at most 4 MB")
        case .failure(.system(let reason)):
            throw whole(path, "spec.no-file", "cannot be read: \(reason)", expected: "a pipeline file")
        }
        let (source, diagnostic) = SourceFile.decoding(bytes, path: path)
        if let diagnostic { throw DiagnosticsError([diagnostic], sources: [source]) }
        return try read(
            source: source, directory: PathText.folder(of: absolute),
            workingDirectory: LocalFileSystem.currentDirectory, overrides: overrides, files: files,
            knownAccelerators: knownAccelerators)
    }

    /// The same for a text that is already at hand: does no I/O but through `files`.
    ///
    /// - Parameters:
    ///   - directory: the absolute folder that relative paths are relative to.
    ///   - workingDirectory: the absolute folder in which a SkyPilot task's paths are looked for that are not there.
    public static func read(
        source: SourceFile, directory: String, workingDirectory: String? = nil, overrides: [String: String] = [:],
        files: some FileSystemView,
        knownAccelerators: AcceleratorNames = .standard
    ) throws(DiagnosticsError) -> ReadPipeline {
        let yaml = YAML.parse(source)
        // What is left of a file after a syntax error would be complained about for the wrong reasons.
        guard yaml.diagnostics.allSatisfy({ $0.code == "yaml.duplicate-key" }) else {
            throw DiagnosticsError(yaml.diagnostics, sources: [source])
        }
        let reading = Reading(
            path: source.path, directory: directory, workingDirectory: workingDirectory, overrides: overrides,
            files: files, accelerators: knownAccelerators)
        reading.add(yaml.diagnostics)
        let defaultName = defaultName(of: source.path, in: directory)
        let draft = DocumentReader(reading: reading, defaultName: defaultName).read(yaml.documents)
        let resolved = draft.map { PipelineResolver($0, reading).resolve(defaultName: defaultName) }
        guard let resolved, !reading.hasErrors else {
            throw DiagnosticsError(inOrder(reading.complaints), sources: [source])
        }
        return ReadPipeline(
            pipeline: resolved.pipeline, warnings: inOrder(reading.complaints), source: source,
            secrets: resolved.secrets)
    }

    /// `pipeline.yaml` says nothing about its content, its folder does.
    private static func defaultName(of path: String, in directory: String) -> String {
        let file = PathText.lastComponent(path)
        let stem = file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
        return stem == "pipeline" || stem.isEmpty ? PathText.lastComponent(directory) : stem
    }

    private static func inOrder(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        let start = SourcePosition(line: 0, column: 0)
        return diagnostics.sorted { ($0.range?.start ?? start, $0.code) < ($1.range?.start ?? start, $1.code) }
    }

    private static func whole(
        _ path: String, _ code: String, _ message: String, expected: String, help: String? = nil
    ) -> DiagnosticsError {
        DiagnosticsError(
            [Diagnostic(code: code, path: path, message: message, expected: expected, help: help)], sources: [])
    }
}

import SkyCore
import SkyPlacement
import SkyProcess
import SkySpec
import SkyStorage

/// Reads the pipeline, or the plan of one, that a command is about.
struct PipelineFile {
    /// What in the file has no effect is said on the error stream; what is wrong with it is thrown.
    static func read(_ arguments: PipelineArguments, in context: CommandContext) throws -> ReadPipeline {
        let variables = try PipelineArguments.variables(arguments.env, environment: context.environment)
        let read = try SpecReader.read(path: arguments.file, overrides: variables)
        let warnings = Complaints(read.warnings, sources: [read.source])
        let err = context.console.err
        try err.write(warnings.text(style: err.terminal.style))
        return read
    }

    /// The file's absolute path and the digest of its text.
    static func identity(of source: SourceFile) -> (path: String, digest: String) {
        let digest = ArtifactDigest(hashing: Array(source.text.utf8)).hex
        return (Files.absolutePath(source.path) ?? source.path, digest)
    }

    /// Nil when the file is none; it is then read as a pipeline, whatever is wrong with it.
    static func planFile(at path: String) throws -> PlanFile? {
        guard path.hasSuffix(".json"), let bytes = (try? Files.read(path)) ?? nil else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard PlanFile.isPlanFile(text) else { return nil }
        do { return try PlanFile(text) } catch {
            throw CommandFailure(
                .wrongRequest, "\(path): \(error)", hints: ["sky plan <pipeline.yaml> -o \(path)"])
        }
    }
}

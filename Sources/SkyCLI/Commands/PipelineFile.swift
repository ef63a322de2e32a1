import SkyCore
import SkySpec

/// Reads the pipeline that a command is about.
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
}

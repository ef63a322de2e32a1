import ArgumentParser
import SkyCore
import SkySpec

struct ValidateCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check pipeline files, and show everything that is wrong with them.",
        discussion: """
            Nothing is started and no provider is asked. Ends with 2 if any file has an error.

            EXAMPLES
              sky validate pipeline.yaml
              sky validate pipelines/*/pipeline.yaml
              sky validate --output json pipeline.yaml
              sky validate pipeline.yaml --env SEED=8
            """)

    @Argument(
        help: ArgumentHelp("The pipelines' YAML files.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var files: [String]

    @Option(
        name: .shortAndLong, parsing: .singleValue,
        help: ArgumentHelp(
            "Set a variable of the pipelines; without a value, take it from the environment.",
            valueName: "name[=value]"))
    var env: [String] = []

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let variables = try PipelineArguments.variables(env, environment: context.environment)
        let findings = files.map { Finding($0, variables: variables) }
        let isValid = findings.allSatisfy(\.isValid)
        switch options.output {
        case .json:
            let files = findings.map { (file: $0.file, diagnostics: $0.diagnostics) }
            try context.console.out.write(try JSONText.encode(ValidationJSON(files)))
        case .text:
            try context.console.out.lines(findings.compactMap(\.praise))
            let complaints = Complaints(findings.flatMap(\.diagnostics), sources: findings.flatMap(\.sources))
            try context.console.err.write(complaints.text(style: context.console.err.terminal.style))
        }
        return isValid ? .done : .wrongRequest
    }
}

/// What is to be said about one file.
private struct Finding {
    let file: String
    let diagnostics: [Diagnostic]
    let sources: [SourceFile]
    private let pipeline: Pipeline?

    init(_ file: String, variables: [String: String]) {
        self.file = file
        do {
            let read = try SpecReader.read(path: file, overrides: variables)
            (diagnostics, sources, pipeline) = (read.warnings, [read.source], read.pipeline)
        } catch {
            (diagnostics, sources, pipeline) = (error.diagnostics, error.sources, nil)
        }
    }

    var isValid: Bool { pipeline != nil }

    var praise: StyledText? {
        pipeline.map { pipeline in
            let stages = pipeline.stages.map(\.name).joined(separator: ", ")
            return "\("✓", .green) \(file): \(Figures.count(pipeline.stages.count, "stage")) \("(\(stages))", .dim)"
        }
    }
}

import ArgumentParser
import SkyCore
import SkySpec

struct ExplainCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Print a pipeline fully resolved: defaults filled in, units read, names found.",
        discussion: """
            What is printed is itself a pipeline file.

            EXAMPLES
              sky explain pipeline.yaml
              sky explain pipeline.yaml --env SEED=8
            """)

    @OptionGroup var pipeline: PipelineArguments

    func execute(in context: CommandContext) throws -> ExitStatus {
        let read = try PipelineFile.read(pipeline, in: context)
        let text = PipelineExplanation.yaml(read.pipeline)
        try context.console.out.write(text.hasSuffix("\n") ? text : "\(text)\n")
        return .done
    }
}

struct SchemaCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of pipeline files, for editors.",
        discussion: """
            EXAMPLES
              sky schema > ~/.config/sky/pipeline.schema.json
              # then, as the first line of a pipeline file:
              # yaml-language-server: $schema=/home/you/.config/sky/pipeline.schema.json
            """)

    func execute(in context: CommandContext) throws -> ExitStatus {
        let text = PipelineSchema.json()
        try context.console.out.write(text.hasSuffix("\n") ? text : "\(text)\n")
        return .done
    }
}

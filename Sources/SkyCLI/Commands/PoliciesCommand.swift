import ArgumentParser
import SkyCore
import SkyPlacement

struct PoliciesCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "policies",
        abstract: "List the policies that 'sky plan --policy' knows.",
        discussion: """
            A policy's value follows a colon: within-deadline:8h. 'then' puts policies one after the other: the first \
            narrows the choice, the next one chooses. 'exec:' and a path is a program of your own.

            EXAMPLES
              sky policies
              sky policies --output json
              sky plan pipeline.yaml --policy "within-deadline:8h then carbon"
            """)

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let out = context.console.out
        switch options.output {
        case .json: try out.write(try JSONText.encode(PoliciesJSON(BuiltInPolicies.all)))
        case .text: try out.lines(PoliciesScreen(policies: BuiltInPolicies.all).lines(width: out.terminal.width))
        }
        return .done
    }
}

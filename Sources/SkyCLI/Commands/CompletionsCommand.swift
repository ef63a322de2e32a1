import ArgumentParser
import SkyCore

struct CompletionsCommand: SkySubcommand {
    enum Shell: String, ExpressibleByArgument, CaseIterable, Sendable {
        case bash, zsh, fish

        var parserShell: CompletionShell {
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print a script that completes sky's commands in your shell.",
        discussion: """
            EXAMPLES
              sky completions bash > ~/.local/share/bash-completion/completions/sky
              sky completions zsh > "${fpath[1]}/_sky"
              sky completions fish > ~/.config/fish/completions/sky.fish
            """)

    @Argument(help: "The shell.")
    var shell: Shell

    func execute(in context: CommandContext) throws -> ExitStatus {
        try context.console.out.write(RootCommand.completionScript(for: shell.parserShell) + "\n")
        return .done
    }
}

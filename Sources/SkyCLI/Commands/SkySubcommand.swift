import ArgumentParser

/// A command of ours: it is given the world it runs in, so that tests can give it another.
protocol SkySubcommand: ParsableCommand {
    func execute(in context: CommandContext) throws -> ExitStatus
}

import ArgumentParser

struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sky",
        abstract: "Runs machine-learning pipelines where it is best to run them.",
        discussion: """
            One YAML file says what your pipeline needs. sky finds the best provider for each stage, rents \
            what it needs there, carries the data, and gives everything back.

            Start here:
              sky plan pipeline.yaml       where it would run, and what it would cost; starts nothing
              sky launch pipeline.yaml     run it
              sky status                   what is running, and what it has cost
              sky check                    which providers can be used from here
              sky gpus                     which accelerators there are, where, and at what price
            """,
        version: SkyVersion.text,
        subcommands: [DriverCommand.self, KubernetesExecCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Pipelines",
                subcommands: [
                    ValidateCommand.self, ExplainCommand.self, SchemaCommand.self, PlanCommand.self,
                    PoliciesCommand.self,
                ]),
            CommandGroup(
                name: "Runs",
                subcommands: [
                    LaunchCommand.self, StatusCommand.self, LogsCommand.self, ShellCommand.self, ExecCommand.self,
                    QueueCommand.self, TopCommand.self,
                    EventsCommand.self,
                    CostCommand.self,
                    StopCommand.self, StartCommand.self, CancelCommand.self, DownCommand.self,
                    ApproveCommand.self, ResumeCommand.self, PurgeCommand.self,
                    GarbageCommand.self,
                ]),
            CommandGroup(
                name: "Providers",
                subcommands: [
                    CheckCommand.self, GpusCommand.self, CatalogCommand.self, ProviderCommand.self,
                    SimulateCommand.self,
                ]),
            CommandGroup(name: "Data", subcommands: [StorageCommand.self, TransferCommand.self]),
            CommandGroup(name: "This program", subcommands: [StateCommand.self, CompletionsCommand.self]),
        ])

    /// Every word that may follow `sky`.
    static var subcommandNames: [String] {
        (configuration.ungroupedSubcommands + configuration.groupedSubcommands.flatMap(\.subcommands))
            .map { $0._commandName }
    }
}

/// The version of this program.
enum SkyVersion {
    static let text = "0.1.0"
}

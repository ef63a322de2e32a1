import ArgumentParser
import SkyCore

/// How runs of pipelines are to be simulated.
struct PipelineSimulationOptions: ParsableArguments {
    @Argument(help: "The pipelines' YAML files.", completion: .file(extensions: ["yaml", "yml"]))
    var files: [String] = []

    @Option(help: ArgumentHelp("The first seed; without --seeds the only one.", valueName: "number"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("How many seeds. (default: 100, or 1 with --seed)", valueName: "count"))
    var seeds: Int?

    @Option(help: ArgumentHelp("Runs at once in one world; they take turns at the pipelines.", valueName: "count"))
    var runs = 4

    @Option(
        help: ArgumentHelp(
            "How bad the days are; without it, the worst that docs/simulator.md lists.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var faults: String?

    @Option(help: ArgumentHelp("Look for a shorter history of a fall no longer than this.", valueName: "time"))
    var shrinkFor: TimeSpan = .seconds(30)

    @Flag(help: "Write the runs' journals, a line of JSON per event, for one seed.")
    var journal = false

    @Option(
        parsing: .singleValue, help: ArgumentHelp("Launch only this run, counted from 0.", valueName: "number"))
    var onlyRun: [Int] = []

    @Option(
        parsing: .singleValue, help: ArgumentHelp("Keep only this stage and what it needs.", valueName: "stage"))
    var onlyStage: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Let only this fault happen, as a fall's history names it, or none.", valueName: "fault"))
    var onlyFault: [String] = []
}

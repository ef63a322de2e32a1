import ArgumentParser
import SkyBroker
import SkyCore
import SkyProviders
import SkyRuntime

struct ExecCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a command on a node that a stage holds, in the node's queue.",
        usage: "sky exec <run> <stage> [<rank>] [--devices <n>] [--cpus <n>] [--detach] -- <command> ...",
        discussion: """
            The command runs in the stage's working directory, after its setup and with its variables. What it asks for \
            it has for itself: it waits in the node's queue until it is free, and finds the indexes of its accelerators \
            in CUDA_VISIBLE_DEVICES and the like. Without --devices it sees none. It ends with the node at the latest. \
            Ctrl-C looks away. Ends with 0 if the command does, else with 1.

            EXAMPLES
              sky exec tune-7k2m serve --devices 2 -- python3 eval.py
              sky exec tune-7k2m train 1 --cpus 4 --memory 8GB --detach -- ./probe.sh
              sky queue tune-7k2m
            """)

    @OptionGroup var about: RunArgument

    @Argument(help: "The stage.")
    var stage: String

    @Argument(help: "The node's rank, from 0.")
    var rank = 0

    @Option(help: ArgumentHelp("Accelerators that it has for itself.", valueName: "n"))
    var devices = 0

    @Option(help: ArgumentHelp("Processors that it has for itself.", valueName: "n"))
    var cpus = 0

    @Option(help: ArgumentHelp("Memory that it has for itself.", valueName: "size"))
    var memory: String?

    @Flag(name: .shortAndLong, help: "Do not wait for it.")
    var detach = false

    @Argument(parsing: .postTerminator, help: "The command.")
    var command: [String] = []

    func execute(in context: CommandContext) throws -> ExitStatus {
        guard !command.isEmpty else {
            throw CommandFailure(
                .wrongRequest, "which command?", hints: ["sky exec \(about.run) \(stage) -- nvidia-smi"])
        }
        let memory = try memory.map(Self.size)
        let access = try RunAccess(context)
        let run = try access.find(about.run)
        let node = try HeldNode(rank, of: stage, in: run, access, context)
        let request = BesideRequest(
            id: NodeJobName.fresh(beside: node.job), like: node.job, run: command.joined(separator: " "),
            devices: devices, cpus: cpus, memory: memory)
        let name = NodeJobName.short(request.id, beside: node.job)
        let err = context.console.err
        let state = try AsyncWork.run {
            let agent = try await node.channel.connect()
            let state = try await agent.submit(request)
            await agent.close()
            return state
        }
        if state == .queued {
            try err.line("\(name) waits for what others have; \("sky queue \(run)", .none, bold: true)")
        }
        guard !detach else {
            if state != .queued { try err.line("\(name) runs; \("sky queue \(run)", .none, bold: true)") }
            return .done
        }
        return try follow(request.id, name, node, run, context)
    }

    private func follow(
        _ id: String, _ name: String, _ node: HeldNode, _ run: RunID, _ context: CommandContext
    ) throws -> ExitStatus {
        let (out, err) = (context.console.out, context.console.err)
        do {
            let end = try AsyncWork.run(interruptions: context.interruptions()) {
                try await NodeJobFollower(channel: node.channel, output: out, errors: err).follow(id)
            }
            if end.code == 0 { return .done }
            try err.line("\("✗", .red) \(name): \(ExitWords.sentence(end.code))")
            return .pipelineFailed
        } catch is AsyncWork.Interrupted {
            try err.line("\("detached", .yellow); \(name) goes on")
            try err.lines(
                NextSteps.lines([
                    ("sky queue \(run)", "look at it"),
                    ("sky queue \(run) \(stage) \(rank) --cancel \(name)", "end it"),
                ]))
            return .interrupted
        }
    }

    private static func size(_ text: String) throws -> DataSize {
        if let size = DataSize(text), size.bytes > 0 { return size }
        throw CommandFailure(
            .wrongRequest, "--memory \(text): a size is written as 8GB or 512MiB", hints: ["--memory 8GB"])
    }
}

import ArgumentParser
import SkyBroker
import SkyCore
import SkyProviders
import SkyRuntime

struct TopCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Show what the nodes of a run use: processors, memory, disk, network and GPUs.",
        discussion: """
            CPU and MEMORY are of the jobs on the node: 150 % is one processor and a half. MACHINE is all that runs \
            there. On a terminal it is shown anew every two seconds until Ctrl-C; elsewhere, and with --once, once.

            EXAMPLES
              sky top tune-7k2m
              sky top tune-7k2m train
              sky top tune-7k2m --output json | jq '.nodes[].cpu_percent'
            """)

    @OptionGroup var about: RunArgument

    @Argument(help: "The stage; without one, all that hold nodes.")
    var stage: String?

    @Flag(help: "Show it once.")
    var once = false

    @OptionGroup var options: OutputOptions

    private typealias Sample = (stage: String, rank: Int, stats: NodeStats)

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = try RunAccess(context)
        let run = try access.find(about.run)
        let nodes = try HeldNode.all(of: run, stage: stage, rank: nil, access, context)
        guard !nodes.isEmpty else {
            let row = try access.row(of: run)
            throw CommandFailure(
                .wrongRequest, "no stage of \(run) has a job on a node: it is \(row.state.text)",
                hints: ["sky status \(run)"])
        }
        let out = context.console.out
        let isLive = !once && options.output == .text && out.terminal.isInteractive
        let before = try sample(nodes)
        let interruptions = context.interruptions()
        if interruptions.next(within: .seconds(1)) != nil { return .interrupted }
        let now = try sample(nodes)
        if isLive { return try watch(nodes, first: now, use(now, since: before), out, interruptions) }
        switch options.output {
        case .json: try out.write(try JSONText.encode(TopJSON(run: run.text, use(now, since: before))))
        case .text: try out.lines(TopScreen(nodes: use(now, since: before)).lines(width: out.terminal.width))
        }
        return .done
    }

    private func watch(
        _ nodes: [(stage: String, rank: Int, node: HeldNode)], first: [Sample], _ firstUse: [NodeUse],
        _ out: any TextOutput, _ interruptions: any InterruptionSource
    ) throws -> ExitStatus {
        var screen = LiveScreen(output: out)
        var (last, shown) = (first, firstUse)
        while true {
            try screen.draw(TopScreen(nodes: shown).lines(width: out.terminal.width))
            switch interruptions.next(within: .seconds(2)) {
            case .interrupt, .terminate:
                try screen.end()
                return .done
            case .suspend:
                try screen.end()
                interruptions.suspend()
            case .resize: try screen.clear()
            case nil: break
            }
            let now: [Sample]
            do { now = try sample(nodes) } catch {
                // The stage has ended, most likely, and its nodes with it.
                try screen.end()
                throw error
            }
            shown = use(now, since: last)
            last = now
        }
    }

    /// Of all nodes at once.
    private func sample(_ nodes: [(stage: String, rank: Int, node: HeldNode)]) throws -> [Sample] {
        let channels = nodes.map { ($0.stage, $0.rank, $0.node.channel) }
        return try AsyncWork.run {
            try await withThrowingTaskGroup(of: (Int, Sample).self) { tasks in
                for (index, (stage, rank, channel)) in channels.enumerated() {
                    tasks.addTask {
                        let agent = try await channel.connect()
                        let stats = try await agent.stats()
                        await agent.close()
                        return (index, (stage, rank, stats))
                    }
                }
                var samples: [(Int, Sample)] = []
                for try await sample in tasks { samples.append(sample) }
                return samples.sorted { $0.0 < $1.0 }.map(\.1)
            }
        }
    }

    private func use(_ now: [Sample], since before: [Sample]) -> [NodeUse] {
        zip(now, before).map { NodeUse(stage: $0.stage, rank: $0.rank, $0.stats, since: $1.stats) }
    }
}

import ArgumentParser
import SkyBroker
import SkyCore
import SkyProviders
import SkyRuntime

struct QueueCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Show the jobs on the nodes of a run: those that run, and those that wait for their turn.",
        discussion: """
            First come, first served; a job that fits into what nobody before it waits for goes first. Jobs beside the \
            stage's own come from 'sky exec'.

            EXAMPLES
              sky queue tune-7k2m
              sky queue tune-7k2m serve 1
              sky queue tune-7k2m serve --cancel k3x9p2
              sky queue tune-7k2m --output json
            """)

    @OptionGroup var about: RunArgument

    @Argument(help: "The stage; without one, all that hold nodes.")
    var stage: String?

    @Argument(help: "The node's rank; without one, all of the stage's.")
    var rank: Int?

    @Option(help: ArgumentHelp("End this job.", valueName: "job"))
    var cancel: String?

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = try RunAccess(context)
        let run = try access.find(about.run)
        let nodes = try HeldNode.all(of: run, stage: stage, rank: rank, access, context)
        if let cancel { return try end(cancel, on: nodes, context) }
        var queues: [NodeQueue] = []
        for (stage, rank, node) in nodes {
            let jobs = try AsyncWork.run {
                let agent = try await node.channel.connect()
                let jobs = try await agent.jobs()
                await agent.close()
                return jobs
            }
            queues.append(NodeQueue(stage: stage, rank: rank, job: node.job, jobs: jobs))
        }
        let out = context.console.out
        switch options.output {
        case .json: try out.write(try JSONText.encode(QueueJSON(run: run.text, queues)))
        case .text:
            try out.lines(QueueScreen(queues: queues).lines(width: out.terminal.width))
            if queues.allSatisfy(\.jobs.isEmpty) { try context.console.err.line("no jobs on the nodes of \(run)") }
        }
        return .done
    }

    private func end(
        _ name: String, on nodes: [(stage: String, rank: Int, node: HeldNode)], _ context: CommandContext
    ) throws -> ExitStatus {
        for (stage, rank, node) in nodes {
            let id = NodeJobName.full(name, beside: node.job)
            let isThere = try AsyncWork.run {
                let agent = try await node.channel.connect()
                let isThere = try await agent.jobs().contains { $0.id == id }
                if isThere { try await agent.kill(job: id, grace: .seconds(10)) }
                await agent.close()
                return isThere
            }
            guard isThere else { continue }
            try context.console.err.line("\(name) on \(stage) \(rank) has ended")
            return .done
        }
        throw CommandFailure(
            .wrongRequest, "no job '\(name)' from 'sky exec' runs or waits there", hints: ["sky queue \(about.run)"])
    }
}

/// The jobs of one node.
struct NodeQueue: Sendable {
    let stage: String
    let rank: Int
    /// The stage's own.
    let job: String
    let jobs: [JobListing]
}

struct QueueScreen: Sendable {
    let queues: [NodeQueue]

    func lines(width: Int?) -> [StyledText] {
        guard !queues.allSatisfy(\.jobs.isEmpty) else { return [] }
        var table = Table([
            .init("STAGE", shrinksTo: 8), .init("NODE", .right), .init("JOB", shrinksTo: 12), .init("STATE"),
            .init("DEVICES", .right), .init("CPUS", .right), .init("MEMORY", .right), .init("COMMAND", shrinksTo: 10),
        ])
        table.addHeader()
        for queue in queues {
            for job in queue.jobs {
                let devices =
                    job.isQueued ? "\(job.needs?.devices ?? 0)?" : job.devices.map(String.init).joined(separator: ",")
                table.addRow([
                    StyledText(queue.stage, .cyan), "\(queue.rank)",
                    "\(NodeJobName.short(job.id, beside: queue.job))",
                    job.isQueued ? StyledText("waiting", .dim) : StyledText("running", .cyan), "\(devices)",
                    "\(job.needs.map { $0.cpus > 0 ? String($0.cpus) : "" } ?? "")",
                    "\(job.needs?.memory.map { "\($0)" } ?? "")", "\(job.command, .dim)",
                ])
            }
        }
        return table.lines(width: width)
    }
}

/// `sky queue --output json`
struct QueueJSON: Encodable {
    let version = 1
    let run: String
    let jobs: [Job]

    struct Job: Encodable {
        let stage: String
        let rank: Int
        let job: String
        /// `running` or `waiting`
        let state: String
        /// The indexes that it has.
        let devices: [Int]
        let wantedDevices: Int
        let cpus: Int
        @Nullable var memoryBytes: Int64?
        let command: String
    }

    init(run: String, _ queues: [NodeQueue]) {
        self.run = run
        jobs = queues.flatMap { queue in
            queue.jobs.map { job in
                Job(
                    stage: queue.stage, rank: queue.rank, job: NodeJobName.short(job.id, beside: queue.job),
                    state: job.isQueued ? "waiting" : "running", devices: job.devices,
                    wantedDevices: job.needs?.devices ?? 0, cpus: job.needs?.cpus ?? 0,
                    memoryBytes: job.needs?.memory?.bytes, command: job.command)
            }
        }
    }
}

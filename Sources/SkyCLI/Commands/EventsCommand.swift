import ArgumentParser
import SkyBroker
import SkyCore

struct EventsCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what happened to a run, event by event, as the journal keeps it.",
        discussion: """
            With --output json, each event is one line of JSON.

            EXAMPLES
              sky events support-tickets-7k2m
              sky events support-tickets-7k2m --follow
              sky events support-tickets-7k2m --output json | jq -r 'select(.stage == "train") | .message'
            """)

    @Flag(name: .shortAndLong, help: "Go on with what happens from now on, until the run ends.")
    var follow = false

    @OptionGroup var about: RunArgument
    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = try RunAccess(context)
        let run = try access.find(about.run)
        if follow { _ = try access.broker.ensureDriven(run) }
        var trail = EventTrail(run: run, journal: access.broker.journal, output: context.console.out)
        guard follow else {
            try trail.show(as: options.output)
            return .done
        }
        let interruptions = context.interruptions()
        while true {
            // The end is looked up before the events are, so that nothing is missed between the two.
            let isOver = try !access.broker.journal.isUnfinished(run)
            try trail.show(as: options.output)
            if isOver { return .done }
            switch interruptions.next(within: TimeSpan(milliseconds: 100)) {
            case .interrupt, .terminate: return .interrupted
            case .suspend: interruptions.suspend()
            case .resize, nil: break
            }
        }
    }
}

/// Writes a run's events as they come.
private struct EventTrail {
    let run: RunID
    let journal: Journal
    let output: any TextOutput
    private var next = 0
    private var version: Int64?
    /// What the events so far come to: whose nodes a stage took over follows from it, and is no event of its own.
    private var state: RunState?

    init(run: RunID, journal: Journal, output: any TextOutput) {
        self.run = run
        self.journal = journal
        self.output = output
    }

    mutating func show(as format: OutputFormat) throws {
        let current = try journal.version()
        guard current != version else { return }
        var entries: [EventEntry] = []
        for record in try journal.records(of: run, from: next) {
            entries.append(EventEntry(record, of: run, formerHolder: formerHolder(record.event)))
        }
        version = current
        next += entries.count
        switch format {
        case .json: for entry in entries { try output.write(Array(try EventJSON(entry).line().utf8)) }
        case .text: for entry in entries { try output.line(EventScreen.line(for: entry)) }
        }
    }

    /// Of an event that tells that nodes are ready to work: the stage that had them before.
    private mutating func formerHolder(_ event: RecordedEvent?) -> String? {
        guard let event else { return nil }
        guard state != nil else {
            state = RunState(event)
            return nil
        }
        _ = state?.apply(event)
        guard case .delivered(let id, _) = event.event else { return nil }
        return state?.formerHolder(ofNodesOf: id)
    }
}

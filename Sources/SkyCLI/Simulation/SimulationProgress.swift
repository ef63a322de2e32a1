import SkyCore

/// Says how far a simulation is, once it has taken more than a second: on a terminal in one line that is drawn over, elsewhere
/// in a line every ten seconds.
final class SimulationProgress {
    private let output: any TextOutput
    private let now: @Sendable () -> Instant
    private let begin: Instant
    private var last: Instant
    private var isShown = false
    /// What is counted, in the singular.
    private let noun: String

    init(_ context: CommandContext, counting noun: String = "case") {
        self.noun = noun
        output = context.console.err
        now = context.now
        begin = context.now()
        last = begin
    }

    func show(_ what: String, done: Int, of total: Int) throws {
        let moment = now()
        let isTerminal = output.terminal.isInteractive
        guard moment - begin >= .seconds(1), moment - last >= (isTerminal ? TimeSpan(milliseconds: 100) : .seconds(10))
        else { return }
        last = moment
        let text = StyledText("\(done) of \(Figures.count(total, noun)) · \(what)", .dim)
        guard isTerminal else { return try output.line(text) }
        isShown = true
        let shown = output.terminal.width.map { text.truncated(to: $0 - 1) } ?? text
        try output.write("\r" + shown.painted(output.terminal.style) + "\u{1b}[K")
    }

    /// Wipes the line.
    func end() throws {
        if isShown { try output.write("\r\u{1b}[K") }
        isShown = false
    }
}

import SkyCore

/// Draws frames over each other on an interactive terminal. The cursor is hidden from the first frame to `end`.
struct LiveScreen {
    private let output: any TextOutput
    private var drawn: [String] = []
    private var isOpen = false

    init(output: any TextOutput) { self.output = output }

    /// Draws `lines` where the last frame stood; writes nothing when nothing has changed.
    mutating func draw(_ lines: [StyledText]) throws(OutputClosed) {
        let style = output.terminal.style
        let painted = lines.map { $0.painted(style) }
        guard painted != drawn || !isOpen else { return }
        // One write, and marked as one update: no half-drawn frame is ever seen.
        var text = "\u{1b}[?2026h" + (isOpen ? "" : "\u{1b}[?25l") + up
        for line in painted { text += "\(line)\u{1b}[K\n" }
        text += "\u{1b}[J\u{1b}[?2026l"
        isOpen = true
        drawn = painted
        try output.write(text)
    }

    /// Wipes what is drawn, so that other text can stand there; the next frame is drawn below it.
    mutating func clear() throws(OutputClosed) {
        guard !drawn.isEmpty else { return }
        let text = up + "\u{1b}[J"
        drawn = []
        try output.write(text)
    }

    /// Leaves the last frame standing and gives the cursor back. May be called any number of times.
    mutating func end() throws(OutputClosed) {
        guard isOpen else { return }
        isOpen = false
        drawn = []
        try output.write("\u{1b}[?25h")
    }

    private var up: String { drawn.isEmpty ? "" : "\r\u{1b}[\(drawn.count)A" }
}

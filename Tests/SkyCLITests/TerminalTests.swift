import SkyCore
import Testing

@testable import SkyCLI

@Suite("Terminals")
struct TerminalTests {
    @Test(
        "colour follows the terminal and the usual variables",
        arguments: [
            (true, ["TERM": "xterm"], true),
            (true, ["TERM": "dumb"], false),
            (true, [:], false),
            (true, ["TERM": "xterm", "NO_COLOR": "1"], false),
            (true, ["TERM": "xterm", "NO_COLOR": ""], true),
            (true, ["TERM": "xterm", "CLICOLOR": "0"], false),
            (false, ["TERM": "xterm"], false),
            (false, ["TERM": "xterm", "CLICOLOR_FORCE": "1"], true),
            (false, ["CLICOLOR_FORCE": "0"], false),
            (true, ["TERM": "xterm", "NO_COLOR": "1", "CLICOLOR_FORCE": "1"], false),
        ] as [(Bool, [String: String], Bool)])
    func colour(isTerminal: Bool, environment: [String: String], isColoured: Bool) {
        let terminal = Terminal(isTerminal: isTerminal, columns: 80, environment: environment)
        #expect(terminal.isColoured == isColoured)
    }

    @Test("a file has no width, a terminal its own, and COLUMNS wins")
    func width() {
        #expect(Terminal(isTerminal: false, columns: nil, environment: [:]).width == nil)
        #expect(Terminal(isTerminal: true, columns: 132, environment: [:]).width == 132)
        #expect(Terminal(isTerminal: true, columns: nil, environment: [:]).width == 80)
        #expect(Terminal(isTerminal: true, columns: 132, environment: ["COLUMNS": "90"]).width == 90)
        #expect(Terminal(isTerminal: true, columns: 132, environment: ["COLUMNS": "wide"]).width == 132)
    }

    @Test("a dumb terminal is never drawn over")
    func dumb() {
        #expect(!Terminal(isTerminal: true, columns: 80, environment: ["TERM": "dumb"]).isInteractive)
        #expect(!Terminal(isTerminal: false, columns: 80, environment: ["TERM": "xterm"]).isInteractive)
        #expect(Terminal(isTerminal: true, columns: 80, environment: ["TERM": "xterm"]).isInteractive)
    }
}

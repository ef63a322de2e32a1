import Glibc
import SkyCore

/// What stands at the other end of a stream: how wide it is, and whether colours and redrawing make sense there.
struct Terminal: Hashable, Sendable {
    /// A person looks at it now; lines already written can be drawn over.
    let isInteractive: Bool
    /// Columns; nil when nothing limits them, as in a file.
    let width: Int?
    /// Lines; nil when nothing limits them.
    let height: Int?
    let isColoured: Bool

    var style: TextStyle { isColoured ? .coloured : .plain }

    /// A file or a pipe: no limit, no colour.
    static let none = Terminal(isInteractive: false, width: nil, isColoured: false)

    init(isInteractive: Bool, width: Int?, height: Int? = nil, isColoured: Bool) {
        self.isInteractive = isInteractive
        self.width = width
        self.height = height
        self.isColoured = isColoured
    }

    /// What `descriptor` is connected to, as the user's environment wants it treated.
    init(descriptor: Int32, environment: [String: String]) {
        let size = Self.size(of: descriptor)
        self.init(
            isTerminal: isatty(descriptor) == 1, columns: size?.columns, rows: size?.rows, environment: environment)
    }

    /// The rule by itself. `NO_COLOR` (not empty) wins over `CLICOLOR_FORCE`, which wins over what the terminal is;
    /// `COLUMNS` wins over the terminal's own width.
    init(isTerminal: Bool, columns: Int?, rows: Int? = nil, environment: [String: String]) {
        let kind = environment["TERM"] ?? ""
        let canDraw = isTerminal && !kind.isEmpty && kind != "dumb"
        let forbidden = !(environment["NO_COLOR"] ?? "").isEmpty || environment["CLICOLOR"] == "0"
        let forced = !["", "0"].contains(environment["CLICOLOR_FORCE"] ?? "")
        let noColour = !(environment["NO_COLOR"] ?? "").isEmpty
        isInteractive = canDraw
        isColoured = forced ? !noColour : canDraw && !forbidden
        let wished = environment["COLUMNS"].flatMap { Int($0) }.flatMap { (20...1000).contains($0) ? $0 : nil }
        height = isTerminal ? rows : nil
        width = isTerminal ? wished ?? max(20, columns ?? 80) : wished
    }

    private static func size(of descriptor: Int32) -> (columns: Int, rows: Int)? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}

import Glibc
import SkyProcess

/// A program of the node that speaks HTTPS. It is told by its standard input what to do: whatever is in its arguments,
/// everybody on the node can read.
enum WebProgram {
    case curl(String)
    case python(String)

    /// Pieces on their way at once.
    static let width = 8

    static func find() throws(NodeObstacle) -> WebProgram {
        if let curl = program("curl") { return .curl(curl) }
        if let python = program("python3") { return .python(python) }
        throw NodeObstacle(reason: "the node has neither curl nor python3")
    }

    private static func program(_ name: String) -> String? {
        let own = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders = own.split(separator: ":").map { String($0) } + ["/usr/local/bin", "/usr/bin", "/bin"]
        return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    func fetch(_ pieces: [FetchWork.Piece]) throws {
        switch self {
        case .curl(let path):
            let options = ["--disable", "--parallel", "--parallel-max", "\(Self.width)", "--config", "-"]
            try Self.run(path, options, told: Self.configuration(pieces))
        case .python(let path):
            try Self.run(path, ["-I", "-c", Self.script, "\(Self.width)"], told: Self.lines(pieces))
        }
    }

    /// - Returns: the lines that it said.
    /// - Throws: `NodeObstacle` when the program could not do it all.
    @discardableResult
    static func run(_ path: String, _ arguments: [String], told: String) throws -> [Substring] {
        let (input, output) = (try Descriptor.pipe(), try Descriptor.pipe())
        let process: SpawnedProcess
        do {
            defer {
                close(input.reading)
                close(output.writing)
            }
            process = try ProcessSpawn(
                path, arguments, standardInput: .descriptor(input.reading), standardOutput: .null,
                standardError: .descriptor(output.writing)
            ).start()
        } catch {
            close(input.writing)
            close(output.reading)
            throw error
        }
        // It reads all before it says a word.
        try? Descriptor.writeAll(input.writing, Array(told.utf8))
        close(input.writing)
        let said = (try? Descriptor.readAll(output.reading, limit: 1 << 20)) ?? []
        close(output.reading)
        let end = process.waitBlocking()
        let lines = String(decoding: said, as: UTF8.self).split(separator: "\n")
        guard end.shellCode == 0 else {
            // An address may be in it, which nobody is to see.
            let line = lines.last { !$0.contains("://") && !$0.hasPrefix(Self.answered) }
            let name = path.split(separator: "/").last ?? ""
            throw NodeObstacle(
                reason: "\(name) on the node: \(line.map { String($0) } ?? "ended with \(end.shellCode)")")
        }
        return lines
    }

    /// Begins a line that says which request got which answer.
    static let answered = "answer "

    /// curl's own language. Options are of one transfer each, so all of them are said for each.
    private static func configuration(_ pieces: [FetchWork.Piece]) -> String {
        pieces.map { piece in
            var lines = [
                "url = \(quoted(piece.contents.url))", "output = \(quoted(piece.path))", "fail", "silent", "show-error",
                "retry = 4", "connect-timeout = 10", "speed-limit = 1", "speed-time = 60", "globoff",
            ]
            if let range = piece.asked { lines.append("range = \(quoted(range))") }
            lines += piece.contents.headers.map { "header = \(quoted($0))" }
            return lines.joined(separator: "\n")
        }.joined(separator: "\nnext\n") + "\n"
    }

    static func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }

    /// One line for each, fields apart by tabs.
    private static func lines(_ pieces: [FetchWork.Piece]) -> String {
        pieces.map { piece in
            ([piece.contents.url, piece.path, piece.asked ?? ""] + piece.contents.headers).joined(separator: "\t")
        }.joined(separator: "\n") + "\n"
    }

    private static let script = """
        import shutil, sys, time, urllib.request
        from concurrent.futures import ThreadPoolExecutor
        def fetch(line):
            url, path, part, *headers = line.rstrip('\\n').split('\\t')
            headers = dict(header.split(': ', 1) for header in headers)
            if part: headers['Range'] = 'bytes=' + part
            for attempt in range(5):
                try:
                    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
                        if part and answer.status != 206: raise OSError('the server gives no parts')
                        with open(path, 'wb') as file: shutil.copyfileobj(answer, file, 1 << 18)
                    return
                except Exception as error:
                    if attempt == 4 or getattr(error, 'code', 500) < 500: raise
                    time.sleep(2 ** attempt / 4)
        with ThreadPoolExecutor(int(sys.argv[1])) as pool:
            for _ in pool.map(fetch, sys.stdin.readlines()): pass
        """
}

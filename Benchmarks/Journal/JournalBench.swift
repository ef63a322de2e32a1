import Glibc
import SkyProcess

/// Measures the journal: `swift run -c release journal-bench`, or only `single`, `together` or `lists` of it. With
/// `crowd`, lets hundreds of processes loose on one journal; `member …` is one of them.
@main struct JournalBench {
    static func main() async {
        do {
            if try await !run(Array(CommandLine.arguments.dropFirst())) { exit(1) }
        } catch {
            print("error: \(error)")
            exit(1)
        }
    }

    private static func run(_ arguments: [String]) async throws -> Bool {
        if arguments.count == 5, arguments[0] == "member", let openings = Int(arguments[3]),
            let events = Int(arguments[4])
        {
            try await Crowd.member(journal: arguments[1], run: arguments[2], openings: openings, events: events)
            return true
        }
        let folder = "/tmp/sky-journal-bench-\(getpid())"
        try Files.makeFolder(folder, mode: 0o700)
        defer { removeFolder(folder) }
        guard arguments == ["crowd"] else {
            let measurements = Measurements(folder: folder)
            let wanted = arguments.isEmpty ? ["single", "together", "lists"] : arguments
            var isFine = true
            if wanted.contains("single") { isFine = try await measurements.oneAtATime() }
            if wanted.contains("together") { isFine = try await measurements.together() && isFine }
            if wanted.contains("lists") {
                isFine = try measurements.lines() && isFine
                isFine = try await measurements.manyRuns() && isFine
            }
            return isFine
        }
        let crowd = Crowd(folder: folder, executable: Files.absolutePath("/proc/self/exe") ?? CommandLine.arguments[0])
        var isFine = true
        for (members, openings, killed) in [(200, 1, 0), (200, 5, 0), (400, 3, 100)] {
            try Files.makeFolder(folder, mode: 0o700)
            isFine = try await crowd.gather(members, openings: openings, events: 5, killed: killed) && isFine
            removeFolder(folder)
        }
        return isFine
    }

    /// All in it are files.
    private static func removeFolder(_ path: String) {
        for name in Files.names(in: path) { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}

import Glibc

/// What /proc says about one process.
public struct ProcessStatus: Hashable, Sendable {
    public var pid: Int32
    public var parent: Int32
    public var group: Int32
    public var session: Int32
    /// In clock ticks since the machine's start.
    public var startTicks: UInt64
    /// True of a zombie none of whose threads runs: it holds nothing any more but its number.
    public var isGone: Bool
}

/// The processes of this machine, as /proc shows them.
public enum ProcessTable {
    /// Nil when there is no such process.
    public static func status(of pid: Int32) -> ProcessStatus? { status(at: "/proc/\(pid)", of: pid) }

    /// True when the process exists and is more than a zombie.
    public static func isAlive(_ pid: Int32) -> Bool { status(of: pid).map { !$0.isGone } ?? false }

    /// All processes that can be seen.
    public static func all() -> [ProcessStatus] { pids().compactMap(status(of:)) }

    /// Everything below `root` in the tree of processes, zombies left out.
    public static func descendants(of root: Int32) -> [ProcessStatus] { descendants(of: [root], in: all()) }

    /// Everything below any of `roots` in `processes`, without the roots, zombies left out.
    public static func descendants(of roots: some Sequence<Int32>, in processes: [ProcessStatus]) -> [ProcessStatus] {
        let children = Dictionary(grouping: processes, by: \.parent)
        var found: [ProcessStatus] = []
        var seen = Set(roots)
        var frontier = Array(seen)
        while let pid = frontier.popLast() {
            for child in children[pid] ?? [] where seen.insert(child.pid).inserted {
                found.append(child)
                frontier.append(child.pid)
            }
        }
        return found.filter { !$0.isGone }
    }

    /// The processes that were started with a variable whose `KEY=VALUE` satisfies `matches`, zombies left out. Those
    /// whose environment may not be read are not among them.
    public static func withVariable(_ key: String, where matches: (Substring) -> Bool) -> [ProcessStatus] {
        let prefix = Array("\(key)=".utf8)
        return pids().compactMap { pid in
            guard let bytes = (try? Files.read("/proc/\(pid)/environ")) ?? nil else { return nil }
            let isMatch = bytes.split(separator: 0).contains { variable in
                variable.starts(with: prefix)
                    && matches(String(decoding: variable.dropFirst(prefix.count), as: UTF8.self)[...])
            }
            guard isMatch, let status = status(of: pid), !status.isGone else { return nil }
            return status
        }
    }

    /// The command line of a process, the program's name first; empty when there is none to be seen.
    public static func arguments(of pid: Int32) -> [String] {
        guard let bytes = (try? Files.read("/proc/\(pid)/cmdline")) ?? nil else { return [] }
        var arguments = bytes.split(separator: 0, omittingEmptySubsequences: false)
        // A zero is behind each; a program that has written a long title over them may have left none.
        if arguments.last?.isEmpty ?? false { arguments.removeLast() }
        return arguments.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The variables that a process was started with; nil where they may not be seen.
    public static func environment(of pid: Int32) -> [String: String]? {
        guard let bytes = (try? Files.read("/proc/\(pid)/environ")) ?? nil else { return nil }
        var variables: [String: String] = [:]
        for entry in bytes.split(separator: 0) {
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(decoding: entry[..<equals], as: UTF8.self)
            variables[name] = String(decoding: entry[(equals + 1)...], as: UTF8.self)
        }
        return variables
    }

    private static func pids() -> [Int32] { Files.names(in: "/proc").compactMap { Int32($0) } }

    private static func status(at path: String, of pid: Int32) -> ProcessStatus? {
        guard let bytes = (try? Files.read("\(path)/stat")) ?? nil else { return nil }
        // The name in parentheses may itself hold spaces and parentheses: count from the last one.
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 20)
        guard
            fields.count > 19, let state = fields[0].first, let parent = number(fields[1]),
            let group = number(fields[2]), let session = number(fields[3]), let start = number(fields[19])
        else { return nil }
        return ProcessStatus(
            pid: pid, parent: Int32(truncatingIfNeeded: parent), group: Int32(truncatingIfNeeded: group),
            session: Int32(truncatingIfNeeded: session), startTicks: start, isGone: isDead(state) && !hasLiveThread(pid)
        )
    }

    /// By hand, because sweeps read this of every process of the machine. A sign, as of -1 for no terminal, is not read.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value &* 10 &+ UInt64(digit - 0x30)
        }
        return digits.isEmpty ? nil : value
    }

    private static func isDead(_ state: UInt8) -> Bool { [0x5a, 0x58, 0x78].contains(state) }  // Z, X, x

    /// A leader that has ended stays a zombie while other threads of it run, and they keep its ports and files.
    private static func hasLiveThread(_ pid: Int32) -> Bool {
        Files.names(in: "/proc/\(pid)/task").contains { name in
            guard let bytes = (try? Files.read("/proc/\(pid)/task/\(name)/stat")) ?? nil,
                let end = bytes.lastIndex(of: UInt8(ascii: ")"))
            else { return false }
            let state = bytes[(end + 1)...].first { $0 != UInt8(ascii: " ") }
            return state.map { !isDead($0) } ?? false
        }
    }
}

import Glibc
public import SkyProcess

/// Finds and kills every process of a group, whoever started it and whoever of its parents is dead. Blocks.
///
/// Agents and supervisors are known by the node's folder in their command line, the processes of jobs by the variable
/// that every one of them is started with; and whatever hides from both, by its descent or its session.
public struct Sweep {
    private let groupFolder: String
    private let ownPrefix: [UInt8]

    /// `groupFolder` is absolute and without links.
    public init(groupFolder: String) {
        self.groupFolder = groupFolder
        ownPrefix = Array("\(groupFolder)/".utf8)
    }

    /// Kills hard until nothing of the group is left. Returns the numbers of those that are still there `patience` after
    /// they were killed: processes that the kernel cannot end, such as one waiting for a broken disk.
    public func killAll(patience: Duration = .seconds(5)) -> [Int32] {
        let left = killProcesses(patience)
        clearContainers(in: groupFolder, depth: 2)
        return left
    }

    /// What a runtime still knows, or still runs, of jobs whose agents and supervisors are dead.
    private func clearContainers(in folder: String, depth: Int) {
        for name in Files.names(in: "\(folder)/jobs") {
            ContainerRemains.clear(JobFolder(path: "\(folder)/jobs/\(name)"))
            MountRemains.clear(JobFolder(path: "\(folder)/jobs/\(name)"))
        }
        guard depth > 0 else { return }
        for name in Files.names(in: folder) where name != "jobs" && !Self.filesOfStages.contains(name) {
            let path = "\(folder)/\(name)"
            if Disk.kind(path) == S_IFDIR { clearContainers(in: path, depth: depth - 1) }
        }
    }

    /// Folders of a node that may be large, and have no jobs in them.
    private static let filesOfStages: Set = ["work", "inputs", "outputs", "checkpoint"]

    private func killProcesses(_ patience: Duration) -> [Int32] {
        while true {
            var left = processes()
            guard !left.isEmpty else { return [] }
            for process in left { kill(process.pid, SIGKILL) }
            let deadline = ContinuousClock.now + patience
            while true {
                left.removeAll { !isSame($0) }
                if left.isEmpty { break }
                guard ContinuousClock.now < deadline else { return left.map(\.pid) }
                usleep(300)
            }
        }
    }

    /// Never the process that asks, which may itself run inside a group.
    public func processes() -> [ProcessStatus] {
        let all = ProcessTable.all().filter { !$0.isGone && $0.pid != getpid() }
        let marked = all.filter { isMarked($0.pid) }
        guard !marked.isEmpty else { return [] }
        let leaders = Set(marked.map(\.pid))
        let inSessions = all.filter { leaders.contains($0.session) && !leaders.contains($0.pid) }
        let near = marked + inSessions
        return near + ProcessTable.descendants(of: near.map(\.pid), in: all)
    }

    private func isMarked(_ pid: Int32) -> Bool {
        holds("/proc/\(pid)/cmdline", Array("--dir\0".utf8) + ownPrefix)
            || holds("/proc/\(pid)/environ", Array("SKY_JOB_DIR=".utf8) + ownPrefix)
    }

    /// True if one of the file's zero-terminated texts begins with `start`, which may span two of them.
    private func holds(_ path: String, _ start: [UInt8]) -> Bool {
        // Not readable means somebody else's, or a process that has just ended.
        guard let bytes = (try? Files.read(path)) ?? nil, bytes.count >= start.count else { return false }
        return bytes.withUnsafeBytes { bytes in
            guard var place = bytes.baseAddress else { return false }
            let end = place + bytes.count
            // By the C library's own searches: this runs over the environments of all processes of the machine.
            while end - place >= start.count {
                if memcmp(place, start, start.count) == 0 { return true }
                guard let zero = memchr(place, 0, end - place) else { return false }
                place = UnsafeRawPointer(zero) + 1
            }
            return false
        }
    }

    private func isSame(_ process: ProcessStatus) -> Bool {
        guard let now = ProcessTable.status(of: process.pid) else { return false }
        return now.startTicks == process.startTicks && !now.isGone
    }
}

import Glibc
import SkyProcess

/// The processes of a node of this machine: its agent, its supervisors and all that their jobs have started.
public struct NodeProcesses: Sendable {
    private let directory: String

    /// - Parameter directory: the node's.
    public init(directory: String) { self.directory = Files.absolutePath(directory) ?? directory }

    /// Those that are alive now.
    public func alive() -> [Int32] {
        let all = ProcessTable.all()
        let prefix = "\(directory)/jobs/"
        let marked = ProcessTable.withVariable(JobFolder.markVariable) { $0.hasPrefix(prefix) }
        var roots = Set(marked.map(\.pid))
        for process in all where !process.isGone && isOfAgent(process.pid) { roots.insert(process.pid) }
        roots.formUnion(ProcessTable.descendants(of: roots, in: all).map(\.pid))
        return roots.subtracting([getpid()]).sorted()
    }

    /// Does what a power cut does: everything dies at once, unasked. What was written to files stays. Returns when
    /// nothing is left.
    public func cutPower() async {
        while true {
            let pids = alive()
            guard !pids.isEmpty else { return }
            // First the agent and the supervisors: they would take note of the others' ends.
            let (keepers, others) = (pids.filter(isOfAgent), pids.filter { !isOfAgent($0) })
            for pid in keepers + others { kill(pid, SIGKILL) }
            // Not the caller's own cancellation ends this.
            await Task { try? await Task.sleep(for: .milliseconds(2)) }.value
        }
    }

    /// True of the node's agent and supervisors.
    private func isOfAgent(_ pid: Int32) -> Bool {
        let arguments = ProcessTable.arguments(of: pid)
        guard arguments.count > 3, arguments[2] == "--dir" else { return false }
        switch arguments[1] {
        case "serve", "supervise": return Files.absolutePath(arguments[3]) == directory || arguments[3] == directory
        default: return false
        }
    }
}

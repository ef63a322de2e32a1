import Glibc
import SkyProcess

/// Finds and kills every process of a group, whoever started it and whoever of its parents is dead. Blocks.
///
/// Agents are started with `variable` set to the group's folder, and what they start inherits it.
struct Sweep {
    static let variable = "SKY_NODE_GROUP"

    let groupFolder: String

    /// Kills hard until nothing of the group is left. Returns the numbers of those that are still there after
    /// `patience` seconds: processes that the kernel cannot end, such as one waiting for a broken disk.
    func killAll(patience: Double = 5) -> [Int32] {
        let start = ContinuousClock.now
        while true {
            let found = processes()
            guard !found.isEmpty else { return [] }
            for process in found { kill(process.pid, SIGKILL) }
            var left = found
            repeat {
                left.removeAll { !isSame($0) }
                if left.isEmpty { break }
                guard ContinuousClock.now - start < .seconds(patience) else { return left.map(\.pid) }
                usleep(300)
            } while true
        }
    }

    /// Those with the variable, all below them, and all in the sessions they lead: a job may hide its environment.
    /// Never the process that asks, which may itself run inside a group.
    private func processes() -> [ProcessStatus] {
        let marked = ProcessTable.withVariable(Self.variable) { $0 == groupFolder }
        guard !marked.isEmpty else { return [] }
        let all = ProcessTable.all()
        let roots = Set(marked.map(\.pid))
        let inSessions = all.filter { roots.contains($0.session) && !roots.contains($0.pid) && !$0.isGone }
        let near = marked + inSessions
        let below = ProcessTable.descendants(of: near.map(\.pid), in: all)
        return (near + below).filter { $0.pid != getpid() }
    }

    private func isSame(_ process: ProcessStatus) -> Bool {
        guard let now = ProcessTable.status(of: process.pid) else { return false }
        return now.startTicks == process.startTicks && !now.isGone
    }
}

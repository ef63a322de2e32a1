import Glibc
import SkyCore
import SkyProcess

extension JobLimits {
    private static let leastFiles = 128

    /// Why this node cannot keep to these limits, for people; nil when it can.
    var problem: String? {
        if let time, time <= .zero { return "a job needs some time: its limit is \(time)" }
        if let memory, memory.bytes <= 0 { return "a job needs some memory: its limit is \(memory)" }
        guard let files else { return nil }
        guard files >= Self.leastFiles else {
            return "a job needs at least \(Self.leastFiles) open files, not \(files)"
        }
        // Root may raise it, as far as the kernel goes; that is seen when it tries.
        if geteuid() != 0, let most = OpenFiles.most, files > most {
            return "the job wants \(files) open files, and this node lets its user have \(most): ask for fewer, or have"
                + " the limit raised there (ulimit -Hn)"
        }
        return nil
    }

    /// What every job finds, whoever has started the agent: no core dumps, the usual mask for new files, and as many open
    /// files as asked for. For the process that starts the job's commands, which inherit it.
    static func prepare(_ limits: JobLimits?) throws(SystemError) {
        umask(0o022)
        CoreDumps.forbid()
        if let files = limits?.files { try OpenFiles.limit(to: files) }
    }
}

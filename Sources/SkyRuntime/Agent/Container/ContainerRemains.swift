import Glibc
import SkyProcess

/// What may be left of a job's container when the runtime that looked after it was killed: the container itself, which is no
/// descendant of the supervisor where a daemon has started it.
enum ContainerRemains {
    /// Returns when the job has no container any more; at once for a job that never had one. Blocks: a container that runs
    /// is killed. Doing it twice is the same as once.
    static func clear(_ folder: JobFolder) {
        guard let runtime = folder.containerRuntime() else { return }
        let spawn = ProcessSpawn(
            runtime, ["rm", "--force", ContainerScripts.name(of: folder.path)], leadership: .group,
            standardOutput: .null,
            standardError: .null)
        for _ in 0..<3 {
            guard let pid = try? spawn.startUnmanaged(), let end = wait(for: pid) else { return }
            if end == 0 { return folder.forgetContainer() }
            usleep(200_000)
        }
        Agent.complain("\(runtime) does not remove the container of \(folder.path)")
    }

    private static let patience: Int64 = 30_000

    /// The raw status; nil when it is not to be had.
    private static func wait(for pid: Int32) -> Int32? {
        let deadline = monotonicMilliseconds() + patience
        var status: Int32 = 0
        while monotonicMilliseconds() < deadline {
            let found = waitpid(pid, &status, WNOHANG)
            if found == pid { return status }
            if found < 0, errno != EINTR { return nil }
            usleep(5000)
        }
        kill(-pid, SIGKILL)
        _ = waitpid(pid, &status, 0)
        return status
    }
}

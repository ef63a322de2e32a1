import Glibc
import SkyProcess

/// Who looks after a job.
struct SupervisedProcess {
    var pid: Int32
    /// Milliseconds of processor time that its children took before this job was its.
    var busyBefore: Int64
}

extension NodeStats {
    /// What can be read in one go through /proc: nothing is kept between two looks, and none is taken unasked.
    ///
    /// - Parameter supervisors: by job.
    static func sample(of directory: String, supervisors: [String: SupervisedProcess], gpus: [GPU]?) -> NodeStats {
        let use = MachineUse.now()
        let room = Self.room(at: directory)
        let processes = ProcessTable.all()
        let jobs = supervisors.sorted { $0.key < $1.key }.map { id, supervisor in
            let own = ProcessTable.descendants(of: [supervisor.pid], in: processes).map(\.pid)
            let past = max(0, ProcessTable.processorTime(of: supervisor.pid).children - supervisor.busyBefore)
            let busy = own.reduce(past) { sum, pid in
                let time = ProcessTable.processorTime(of: pid)
                return sum + time.own + time.children
            }
            return Job(
                id: id, busy: busy, memory: own.reduce(0) { $0 + ProcessMemory.resident(of: $1) }, processes: own.count)
        }
        return NodeStats(
            at: monotonicMilliseconds(), cpus: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), busy: use.busy,
            memoryTotal: use.memoryTotal, memoryAvailable: use.memoryAvailable, diskTotal: room.total,
            diskFree: room.free, diskRead: use.diskRead, diskWritten: use.diskWritten, received: use.received,
            sent: use.sent, jobs: jobs, gpus: gpus)
    }

    private static func room(at directory: String) -> (total: Int64, free: Int64) {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return (0, 0) }
        let block = Int64(status.f_frsize)
        return (Int64(status.f_blocks) * block, Int64(status.f_bavail) * block)
    }
}

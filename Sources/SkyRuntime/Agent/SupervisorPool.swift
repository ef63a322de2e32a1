import CShims
import Glibc
import SkyProcess

/// The processes that supervise an agent's jobs. One that is done with a job, and has nothing of it left, is given the next:
/// making another, which is a copy of the agent, takes as long as all else that is done for a small job.
final class SupervisorPool {
    private final class Member {
        let pid: Int32
        let line: Int32
        /// Its own; nil where there can be none.
        let group: ControlGroup?
        /// It has had a job to its end.
        var isProven = false
        /// Since when, on the monotonic clock; nil while it has a job.
        var idleSince: Int64?
        /// Milliseconds of processor time that its jobs before this one have taken.
        var busyBefore: Int64 = 0

        init(pid: Int32, line: Int32, group: ControlGroup?) {
            self.pid = pid
            self.line = line
            self.group = group
        }
    }

    /// What process lists call one that has a job, and one that has none.
    static let busyName = "sky-supervisor"
    static let idleName = "sky-idle"

    /// How long one waits for another job, and how many may do so at a time: each has a megabyte or two of its own.
    private static let patience: Int64 = 2000
    private static let mostIdle = 16

    private let node: NodeFolder
    private let loop: EventLoop
    /// Called with a process and a code when its job is over as if it had exited with that.
    private let onReport: (Int32, Int32) -> Void
    private var members: [Int32: Member] = [:]
    /// The one that has waited longest is first.
    private var idle: [Member] = []
    private var isLookingForIdle = false
    private lazy var groups = SupervisorGroups()

    init(node: NodeFolder, loop: EventLoop, onReport: @escaping (Int32, Int32) -> Void) {
        self.node = node
        self.loop = loop
        self.onReport = onReport
    }

    /// Children of this process that are no job's.
    var processes: Set<Int32> { Set(members.keys) }

    /// Milliseconds of processor time that the process has spent on jobs before the one that it has.
    func busyBefore(_ pid: Int32) -> Int64 { members[pid]?.busyBefore ?? 0 }

    /// Gives the job, which is on the disk, to a process of its own.
    ///
    /// - Parameter job: what the disk says of it, if that is in memory.
    func start(_ id: String, _ job: JobSpec? = nil) throws(SystemError) -> Int32 {
        while let member = idle.popLast() {
            member.idleSince = nil
            if SupervisorLine.send(.run(job: id), to: member.line) { return member.pid }
            // It is about to be reaped.
        }
        return try makeMember(for: id, job)
    }

    private func makeMember(for id: String, _ job: JobSpec?) throws(SystemError) -> Int32 {
        let ends = try SupervisorLine.makePair()
        // A copy of this process, which has one thread, and not the program anew: that would cost more than all else
        // that is done for a small job. Its signals wait until it is ready for them: a kill that comes early must not be
        // lost, nor end it.
        var group = groups.make()
        let pid = fork(into: &group, keeping: ends.supervisor)
        if pid == 0 { Supervisor.runAndExit(node: node, jobID: id, job, line: ends.supervisor, group: group) }
        let failure = SystemError.last("start a supervisor")
        close(ends.supervisor)
        guard pid > 0 else {
            close(ends.agent)
            throw failure
        }
        let member = Member(pid: pid, line: ends.agent, group: group)
        members[pid] = member
        loop.watch(ends.agent, for: .reading) { [weak self] _ in self?.hear(member) }
        return pid
    }

    /// A copy of this process; in no group of its own where the kernel has none for it.
    private func fork(into group: inout ControlGroup?, keeping line: Int32) -> Int32 {
        if let made = group, let descriptor = made.open() {
            let pid = sky_fork_session(Self.busyName, SIGTERM, line, descriptor)
            // In the copy it is closed.
            guard pid != 0 else { return 0 }
            close(descriptor)
            if pid > 0 { return pid }
        }
        group?.remove()
        group = nil
        return sky_fork_session(Self.busyName, SIGTERM, line, -1)
    }

    /// Asks for the end of the job that the process has.
    func askToEnd(_ pid: Int32, grace: Int32) {
        guard let member = members[pid] else { return }
        _ = SupervisorLine.send(.end(grace: grace), to: member.line)
    }

    private func hear(_ member: Member) {
        switch SupervisorLine.nextReport(from: member.line) {
        case .nothing: return
        // Its end is learnt from the kernel.
        case .ended: loop.setInterest([], of: member.line)
        case .message(let report):
            member.idleSince = monotonicMilliseconds()
            member.busyBefore = report.busy
            member.isProven = true
            idle.append(member)
            onReport(member.pid, report.code)
            if idle.count > Self.mostIdle { dismiss(idle[0]) }
            lookForIdle()
        }
    }

    /// To be called of every child of this process that has ended. False when it is none of these.
    func childEnded(_ pid: Int32, _ end: ProcessEnd) -> Bool {
        guard let member = members.removeValue(forKey: pid) else { return false }
        if member.group != nil, !member.isProven, end == .signalled(SIGKILL) { groups.giveUp() }
        // With leftovers in it, it goes when they do.
        member.group?.remove()
        idle.removeAll { $0 === member }
        loop.unwatch(member.line)
        close(member.line)
        return true
    }

    /// Sends home those that have no job. True when there is none.
    func dismissIdle() -> Bool {
        for member in idle { dismiss(member) }
        return members.isEmpty
    }

    /// It exits when it reads the end of its line.
    private func dismiss(_ member: Member) {
        idle.removeAll { $0 === member }
        shutdown(member.line, Int32(SHUT_WR))
    }

    private func lookForIdle() {
        guard !isLookingForIdle, !idle.isEmpty else { return }
        isLookingForIdle = true
        loop.after(milliseconds: Self.patience) { [weak self] in
            guard let self else { return }
            isLookingForIdle = false
            let latest = monotonicMilliseconds() - Self.patience
            for member in idle where member.idleSince.map({ $0 <= latest }) ?? false { dismiss(member) }
            lookForIdle()
        }
    }
}

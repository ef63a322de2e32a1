import CShims
import Glibc
import SkyCore
import SkyProcess

/// Runs one job to its end, in a process that has no other: neither the agent's death nor the broker's takes its result.
///
/// The process is a subreaper: whatever the job starts, however it detaches itself, stays below it, and when no child is
/// left nothing of the job is. Then it is given the next job.
final class Supervisor {
    /// Another process runs this job or has run it.
    static let notMine: Int32 = 75
    /// What a job's leftovers get between being asked to end and being made to.
    static let leftoverGrace: Int64 = 1000
    /// The same for a job whose end somebody asks for without saying how long.
    static let defaultGrace: Int32 = 5000
    /// The same for a job whose time is over.
    static let overtimeGrace: Int64 = 10_000

    private let node: NodeFolder
    private let folder: JobFolder
    private let job: JobSpec
    private let orders: SupervisorOrders
    private let log: LogWriter
    private let pipes: OutputPipes
    /// Held, and never used, until nothing of the job is left.
    private let lifeline: FileLock
    private var lease: LeaseGuard
    private let group: OwnGroup?
    /// How often what is left has been killed.
    private var kills = 0

    private var command: Int32?
    private var commandEnd: ProcessEnd?
    /// When asking turns into making; nil while nobody wants the job to end.
    private var deadline: Int64?
    /// When its time is over; nil when it may take as long as it likes.
    private let timeLimit: Int64?
    private var memory: MemoryWatch?
    private var exceeded: JobLimit?
    private var isWaitingForSetup = false

    /// Nil when the job is not, or no longer, there to be run.
    init?(
        node: NodeFolder, jobID: String, _ job: JobSpec? = nil, orders: SupervisorOrders, group: OwnGroup? = nil
    ) throws(SystemError) {
        self.node = node
        folder = node.job(jobID)
        self.orders = orders
        self.group = group
        guard let lifeline = try Self.takeLifeline(of: folder), !folder.hasBegun, folder.end() == nil else {
            return nil
        }
        self.lifeline = lifeline
        lease = LeaseGuard(node: node, job: jobID)
        self.job = if let job { job } else { try folder.loadSpec() }
        // A time that no clock reaches is as good as none.
        timeLimit = self.job.limits?.time.map { monotonicMilliseconds() + min($0.milliseconds, .max / 2) }
        memory = MemoryWatch(self.job.limits?.memory)
        log = try LogWriter(folder, keep: self.job.limits?.log)
        pipes = try OutputPipes(into: log)
        guard let identity = ProcessIdentity.current else { throw SystemError("find itself in /proc", code: ENOENT) }
        try folder.recordSupervisor(identity, group: group?.group)
    }

    /// An agent that looks whether the lifeline is held makes it seem so for a moment.
    private static func takeLifeline(of folder: JobFolder) throws(SystemError) -> FileLock? {
        for _ in 0..<5 {
            if let lock = try FileLock(folder.lifeline) { return lock }
            usleep(1000)
        }
        return nil
    }

    /// Runs the job in this very process, then those that the agent has for it, and ends it. Nothing that the process
    /// held before is looked at again.
    ///
    /// - Parameters:
    ///   - job: what the disk says of the first one, if that is in memory.
    ///   - line: to the agent that has started this process, if one has.
    ///   - group: the control group that this process is in, and nobody else.
    static func runAndExit(
        node: NodeFolder, jobID: String, _ job: JobSpec? = nil, line: Int32? = nil, group: ControlGroup? = nil
    ) -> Never {
        var (id, job) = (jobID, job)
        let group = group.map { OwnGroup($0) }
        do throws(SystemError) {
            let orders = try SupervisorOrders(line: line)
            guard sky_become_subreaper() == 0 else { throw .last("become a subreaper") }
            while true {
                let (code, isFit) = runOne(node: node, jobID: id, job, orders, group)
                guard isFit else { _exit(code) }
                let report = SupervisorLine.Report(code: code, busy: ChildrenTime.milliseconds)
                // Whoever has just given it a job finds by this code that it never began.
                guard let next = orders.nextJob(after: report) else { _exit(line == nil ? code : notMine) }
                (id, job) = (next, nil)
            }
        } catch {
            Agent.complain("\(id): \(error)")
            _exit(1)
        }
    }

    /// - Returns: how it went, and whether this process is as it was before.
    private static func runOne(
        node: NodeFolder, jobID: String, _ job: JobSpec?, _ orders: SupervisorOrders, _ group: OwnGroup?
    ) -> (code: Int32, isFit: Bool) {
        do throws(SystemError) {
            let made = try Supervisor(node: node, jobID: jobID, job, orders: orders, group: group)
            guard let supervisor = made else { return (notMine, true) }
            try supervisor.run()
            let hasGroup = !(group?.hasLeft ?? false)
            return (0, supervisor.job.limits?.files == nil && hasGroup && Children.areAllGone)
        } catch {
            Agent.complain("\(jobID): \(error)")
            return (1, false)
        }
    }

    func run() throws(SystemError) {
        let code = runCommands()
        // One that ends well when it is asked to end has not done what it was to do.
        let end = JobEnd(code: code == 0 && exceeded != nil ? 128 + Int(SIGTERM) : code, exceeded: exceeded)
        pipes.drain()
        defer { pipes.drain() }
        // First the result, which may never be lost; whoever sees the lifeline held knows that leftovers remain.
        do throws(SystemError) {
            try folder.recordEnd(end)
            endLeftovers()
            ContainerRemains.clear(folder)
            MountRemains.clear(folder)
        } catch {
            // A full disk, most likely, and the leftovers may be what fills it.
            endLeftovers()
            ContainerRemains.clear(folder)
            MountRemains.clear(folder)
            try folder.recordEnd(end)
        }
    }

    private func runCommands() -> Int {
        do throws(SystemError) { try JobLimits.prepare(job.limits) } catch {
            complainInLog(error)
            return 126
        }
        for name in job.commands {
            takeSignals()
            if deadline != nil { return 128 + Int(SIGTERM) }
            let code = name == "setup" ? runSetup() : run(name)
            if code != 0 || name == "run" { return code }
        }
        return 0
    }

    /// Runs it unless another job has before; while another does, waits for what comes of it.
    private func runSetup() -> Int {
        guard let key = job.setupKey else { return run("setup") }
        let record = node.setup(key)
        do throws(SystemError) {
            while !record.isDone(in: job.workID) {
                guard let lock = try record.lock() else {
                    isWaitingForSetup = true
                    waitForSignals(until: monotonicMilliseconds() + 50)
                    isWaitingForSetup = false
                    if deadline != nil { return 128 + Int(SIGTERM) }
                    continue
                }
                // It may have been done just before.
                if record.isDone(in: job.workID) { break }
                let code = try runSetup(for: record)
                withExtendedLifetime(lock) {}
                return code
            }
        } catch {
            complainInLog(error)
            return 126
        }
        log.write("sky-agent: set up before\n", to: .errors)
        return 0
    }

    private func runSetup(for record: SetupRecord) throws(SystemError) -> Int {
        let work = "\(node.path)/\(job.workingDirectory)"
        try Files.makeFolder(work)
        let before = FolderState(of: work)
        let code = run("setup")
        if code == 0 {
            try record.markDone(changing: job.workID, didChange: FolderState(of: work) != before)
        }
        return code
    }

    private func run(_ name: String) -> Int {
        do throws(SystemError) {
            let workingDirectory = "\(node.path)/\(job.workingDirectory)"
            try Files.makeFolder(workingDirectory)
            commandEnd = nil
            command = try ProcessSpawn(
                "/bin/sh", [folder.script(name)], environment: JobVariables.of(job, in: folder),
                workingDirectory: workingDirectory, leadership: .group,
                standardOutput: .descriptor(pipes.streams.output),
                standardError: .descriptor(pipes.streams.errors)
            ).startUnmanaged()
        } catch {
            complainInLog(error)
            return error.code == ENOENT ? 127 : 126
        }
        return waitForCommand()
    }

    private func complainInLog(_ error: SystemError) {
        log.write("sky-agent: \(error)\n", to: .errors)
    }

    private func waitForCommand() -> Int {
        var patience = Patience()
        while commandEnd == nil {
            if let deadline, monotonicMilliseconds() >= deadline {
                guard patience.goesOn(hadEffect: makeEnd()) else { return 128 + Int(SIGKILL) }
                waitForSignals(until: monotonicMilliseconds() + 20)
            } else {
                waitForSignals(until: deadline)
            }
        }
        command = nil
        return commandEnd?.shellCode ?? 128 + Int(SIGKILL)
    }

    /// Ends what the job has left behind, and returns when nothing is left.
    private func endLeftovers() {
        if Children.areAllGone { return }
        if deadline == nil { askToEnd(grace: Self.leftoverGrace) }
        var pause: Int64 = 5
        var patience = Patience()
        while !Children.areAllGone {
            if let deadline, monotonicMilliseconds() >= deadline {
                guard patience.goesOn(hadEffect: makeEnd()) else { return }
                waitForSignals(until: monotonicMilliseconds() + pause)
                pause = min(pause * 2, 500)
            } else {
                waitForSignals(until: deadline)
            }
        }
    }

    private func waitForSignals(until deadline: Int64?) {
        let ownLook = isLimited ? min(timeLimit ?? .max, memory?.nextLook ?? .max) : .max
        pipes.pump(until: min(deadline ?? .max, lease.nextLook, ownLook), or: orders.descriptors)
        takeSignals()
        if let grace = lease.graceOfEnd() { askToEnd(grace: grace) }
        lookAtLimits()
    }

    /// A command runs, or waits for its turn, and nobody has asked it to end.
    private var isLimited: Bool {
        isWaitingForSetup || (command != nil && commandEnd == nil) ? deadline == nil : false
    }

    private func lookAtLimits() {
        guard isLimited else { return }
        if let timeLimit, monotonicMilliseconds() >= timeLimit {
            exceeded = .time
            askToEnd(grace: Self.overtimeGrace)
        } else if memory?.isExceeded(by: { ProcessTable.descendants(of: getpid()) }) ?? false {
            exceeded = .memory
            // Not asked first: whoever cleans up may take more of it.
            deadline = monotonicMilliseconds()
        }
    }

    private func takeSignals() {
        while let grace = orders.nextEnd() { askToEnd(grace: Int64(grace)) }
        // A signal may stand for many children.
        while let (pid, end) = Children.takeEnded() {
            if pid == command { commandEnd = end }
        }
    }

    private func askToEnd(grace: Int64) {
        let wanted = monotonicMilliseconds() + grace
        deadline = min(deadline ?? wanted, wanted)
        if let command { kill(-command, SIGTERM) }
        // In a container everybody is asked by its first process: being asked twice, some end before they have cleaned up.
        let isAskedInside = job.image != nil && command != nil && commandEnd == nil
        // Buckets stay mounted while the job saves what it has.
        let mounters = job.mounts != nil && command != nil && commandEnd == nil ? folder.mounters() : []
        let others =
            isAskedInside
            ? []
            : ProcessTable.descendants(of: getpid()).filter { $0.group != command && !mounters.contains($0.group) }
        _ = TreeSignal.send(SIGTERM, to: others)
        // What is stopped cannot end.
        if let command { kill(-command, SIGCONT) }
        _ = TreeSignal.send(SIGCONT, to: others)
    }

    /// False when there are processes and none of them may be signalled.
    private func makeEnd() -> Bool {
        kills += 1
        if let command { kill(-command, SIGKILL) }
        let wasSent = TreeSignal.send(SIGKILL, to: ProcessTable.descendants(of: getpid()))
        // What that has missed multiplies faster than it is counted, or is another user's. Leaving the group costs the group.
        return kills > 1 && group?.killOthers() ?? false || wasSent
    }
}

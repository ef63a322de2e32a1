import CShims
import Glibc
import SkyCore
import SkyProcess

/// The jobs of a node: starts their supervisors, finds those that an agent before it has started, and learns how each
/// job ended. Only jobs that have not ended are held in memory; the others are on the disk.
final class JobTable {
    private let node: NodeFolder
    private let loop: EventLoop
    /// Called when a job has ended and nothing of it is left.
    private let onEnd: (ActiveJob, JobEnd) -> Void
    /// Called when one process fewer supervises jobs, or waits for one.
    private let onSupervisorGone: () -> Void
    private(set) var active: [String: ActiveJob] = [:]
    /// No agent before this one has started a job here: whatever runs on this node descends from this process.
    private(set) var isFirst = false
    private var queue: JobQueue
    /// The last number that was given out in it.
    private var lastPlace = 0
    private var isClosed = false
    private lazy var pool = SupervisorPool(node: node, loop: loop) { [weak self] pid, code in
        self?.supervisorIsDone(pid, .exited(code: Int(code)))
    }

    init(
        node: NodeFolder, loop: EventLoop, onEnd: @escaping (ActiveJob, JobEnd) -> Void,
        onSupervisorGone: @escaping () -> Void
    ) {
        self.node = node
        self.loop = loop
        self.onEnd = onEnd
        self.onSupervisorGone = onSupervisorGone
        let machine = AgentInfo.current(directory: node.path)
        queue = JobQueue(cpus: machine.cpus, memory: machine.memoryBytes)
    }

    // MARK: Asking

    /// Nil when the job has never begun. The id must be valid.
    func state(of id: String) throws(SystemError) -> JobState? {
        try examine(id)
        if let job = active[id] { return job.isQueued ? .queued : .running }
        return node.job(id).end()?.state
    }

    // MARK: Starting

    /// Starts the job unless it was ever started before. The job must be valid.
    func submit(_ job: JobSpec) throws(SystemError) -> JobState {
        if let state = try state(of: job.id) { return state }
        let folder = node.job(job.id)
        guard let needs = job.needs else {
            try create(job)
            active[job.id] = ActiveJob(
                id: job.id, folder: folder, keeper: .child(pid: try pool.start(job.id, job)))
            return .running
        }
        queue.add(job.id, needs)
        do throws(SystemError) {
            try create(job)
        } catch {
            queue.remove(job.id)
            throw error
        }
        active[job.id] = ActiveJob(id: job.id, folder: folder, keeper: .queued)
        startWaiting()
        guard let entered = active[job.id], entered.isQueued else { return .running }
        lastPlace += 1
        try folder.recordPlace(lastPlace)
        return .queued
    }

    /// Makes the job's folder, whole, in the files of the job that it follows if that is over.
    private func create(_ job: JobSpec) throws(SystemError) {
        let folder = node.job(job.id)
        // Somebody made it and got no further.
        if Files.exists(folder.path) { return try folder.create(job) }
        let next = JobFolder(path: node.nextJob)
        let isUsed = Files.exists(next.path) || takeFolder(ofFormer: job.successorOf)
        try next.create(job, isUsed: isUsed, becoming: folder)
        if rename(next.path, folder.path) == 0 { return }
        // The first one on this node.
        try Files.makeFolder(node.jobs, mode: 0o700)
        guard rename(next.path, folder.path) == 0 else { throw .last("make \(folder.path)") }
    }

    /// True when the job was over, and is forgotten now.
    private func takeFolder(ofFormer id: String?) -> Bool {
        guard let id, active[id] == nil else { return false }
        let folder = node.job(id)
        guard folder.end() != nil, !((try? FileLock.isHeld(folder.lifeline)) ?? true) else { return false }
        return rename(folder.path, node.nextJob) == 0
    }

    /// Why this node can never run such a job; nil when it can.
    func problem(of job: JobSpec) -> String? { job.needs.flatMap { queue.problem(of: $0) } }

    /// Nothing that waits begins any more.
    func stopStarting() { isClosed = true }

    /// Those that run, and those that wait, in the order of their turns.
    func listing() -> [JobListing] {
        let waiting = queue.waitingIDs
        let running = active.values.filter { !$0.isQueued }.map(\.id).sorted()
        return (running + waiting).compactMap { id in
            guard let job = active[id], let spec = try? job.folder.loadSpec() else { return nil }
            let line = spec.run.split(separator: "\n").first.map(String.init) ?? ""
            return JobListing(
                id: id, isQueued: job.isQueued, devices: queue.devices(of: id), needs: spec.needs,
                command: String(line.prefix(200)))
        }
    }

    /// Of the jobs that run, by job.
    var supervisors: [String: SupervisedProcess] {
        active.compactMapValues { job in
            switch job.keeper {
            case .child(let pid): SupervisedProcess(pid: pid, busyBefore: pool.busyBefore(pid))
            case .adopted: job.folder.supervisorIdentity().map { SupervisedProcess(pid: $0.pid, busyBefore: 0) }
            case .queued, .nobody: nil
            }
        }
    }

    private func startWaiting() {
        guard !isClosed else { return }
        for start in queue.startable() {
            guard let job = active[start.id] else {
                queue.remove(start.id)
                continue
            }
            do throws(SystemError) {
                if !start.devices.isEmpty { try job.folder.recordDevices(start.devices) }
                job.keeper = .child(pid: try pool.start(job.id))
            } catch {
                complain("\(job.id): \(error)")
                endUnbegun(job, JobEnd(code: 126))
            }
        }
    }

    /// Of a job that waits: it never begins.
    private func endUnbegun(_ job: ActiveJob, _ end: JobEnd) {
        queue.remove(job.id)
        job.keeper = .nobody
        do throws(SystemError) {
            let lock = try FileLock(job.folder.lifeline)
            if lock != nil, !job.folder.hasBegun, job.folder.end() == nil { try job.folder.recordEnd(end) }
            withExtendedLifetime(lock) {}
        } catch { complain("\(job.id): \(error)") }
        finish(job)
    }

    // MARK: Finding again

    /// Looks at all that an agent before this one has left.
    func recover() {
        let ids = Files.names(in: node.jobs).filter { JobSpec.problem(ofID: $0) == nil }
        isFirst = ids.isEmpty && !Files.exists(node.nextJob)
        guard !isFirst else { return }
        for id in ids {
            do throws(SystemError) { try examine(id) } catch { complain("\(id): \(error)") }
        }
        // Leftovers of jobs whose supervisor died while no agent was there.
        let prefix = "\(node.jobs)/"
        var strays: Set<String> = []
        _ = ProcessTable.withVariable(JobFolder.markVariable) { path in
            if path.hasPrefix(prefix) { strays.insert(String(path.dropFirst(prefix.count))) }
            return false
        }
        recoverQueue(ids)
        for id in strays.sorted() where active[id] == nil && ids.contains(id) { startCleaning(add(id)) }
    }

    /// What those that run have, and who waits.
    private func recoverQueue(_ ids: [String]) {
        for job in active.values {
            guard let spec = try? job.folder.loadSpec(), let needs = spec.needs else { continue }
            queue.resume(job.id, needs, devices: job.folder.grantedDevices())
        }
        let waiting = ids.compactMap { id -> (place: Int, id: String)? in
            let folder = node.job(id)
            guard active[id] == nil, let place = folder.queuePlace(), folder.hasSpec, !folder.hasBegun,
                folder.end() == nil
            else { return nil }
            return (place, id)
        }
        for (place, id) in waiting.sorted(by: { $0 < $1 }) {
            guard let needs = (try? node.job(id).loadSpec())?.needs else { continue }
            add(id).keeper = .queued
            queue.add(id, needs)
            lastPlace = place
        }
        startWaiting()
    }

    /// Brings a job that the disk says is running, or was, into the table.
    private func examine(_ id: String) throws(SystemError) {
        guard active[id] == nil else { return }
        let folder = node.job(id)
        if try FileLock.isHeld(folder.lifeline) || (folder.hasBegun && folder.end() == nil) { settle(add(id)) }
    }

    private func add(_ id: String) -> ActiveJob {
        let job = ActiveJob(id: id, folder: node.job(id), keeper: .nobody)
        active[id] = job
        return job
    }

    /// Finds out what has become of a job that is no child of this agent: somebody runs it, or its end is on the disk,
    /// or its supervisor died before it could write that down.
    private func settle(_ job: ActiveJob) {
        job.keeper = .nobody
        do throws(SystemError) {
            if try FileLock.isHeld(job.folder.lifeline) {
                try adopt(job)
            } else if job.folder.end() != nil {
                finish(job)
            } else {
                startCleaning(job)
            }
        } catch {
            complain("\(job.id): \(error)")
            loop.after(milliseconds: 200) { [weak self] in self?.settle(job) }
        }
    }

    /// Looks on while a supervisor that this agent did not start runs the job.
    private func adopt(_ job: ActiveJob) throws(SystemError) {
        let lifeline = try Descriptor.open(job.folder.lifeline, O_RDONLY | O_NONBLOCK)
        // If it is held now that this end is open, its end cannot be missed.
        guard (try? FileLock.isHeld(lifeline)) ?? false else {
            close(lifeline)
            return settle(job)
        }
        job.keeper = .adopted(lifeline: lifeline)
        loop.watch(lifeline, for: .reading) { [weak self] _ in
            self?.loop.unwatch(lifeline)
            close(lifeline)
            self?.settle(job)
        }
    }

    // MARK: Ending

    /// Asks the job to end; `onEnd` is called when nothing of it is left. False when it is not running.
    func kill(_ id: String, grace: TimeSpan) throws(SystemError) -> Bool {
        try examine(id)
        guard let job = active[id] else {
            let folder = node.job(id)
            guard folder.hasSpec, folder.end() == nil else { return false }
            // Written down but never begun: it must not begin later either.
            guard let lock = try FileLock(folder.lifeline) else { return try kill(id, grace: grace) }
            if !folder.hasBegun { try folder.recordEnd(JobEnd(code: 128 + Int(SIGTERM))) }
            withExtendedLifetime(lock) {}
            return false
        }
        if job.isQueued {
            endUnbegun(job, JobEnd(code: 128 + Int(SIGTERM)))
            return false
        }
        job.isToEnd = true
        signalSupervisor(of: job, grace: Int32(clamping: max(0, grace.milliseconds)))
        return true
    }

    private func signalSupervisor(of job: ActiveJob, grace: Int32) {
        switch job.keeper {
        case .child(let pid): pool.askToEnd(pid, grace: grace)
        case .nobody, .queued: break
        case .adopted:
            if let identity = job.folder.supervisorIdentity() {
                if identity.isAlive { _ = sky_signal_with_value(identity.pid, SIGTERM, grace) }
            } else {
                // It holds the lifeline but has not yet said who it is.
                loop.after(milliseconds: 5) { [weak self] in self?.signalSupervisor(of: job, grace: grace) }
            }
        }
    }

    /// To be called of every child of this process that has ended.
    func childEnded(_ pid: Int32, _ end: ProcessEnd) {
        guard pool.childEnded(pid, end) else { return }
        supervisorIsDone(pid, end)
        onSupervisorGone()
    }

    /// Sends home the supervisors that have no job. True when there are none, with or without a job.
    func dismissSupervisors() -> Bool { pool.dismissIdle() }

    private func supervisorIsDone(_ pid: Int32, _ end: ProcessEnd) {
        let job = active.values.first { job in
            if case .child(pid) = job.keeper { return true }
            return false
        }
        guard let job else { return }
        switch end {
        case .exited(code: 0): settle(job)
        case .exited(code: Int(Supervisor.notMine)): giveOver(job)
        // A disk without room, or it was killed as it waited for a job: it has begun nothing, so that another may try.
        case _ where !job.folder.hasBegun && job.folder.end() == nil:
            job.keeper = .nobody
            loop.after(milliseconds: 200) { [weak self] in self?.giveOver(job) }
        default: startCleaning(job)
        }
    }

    /// Another process had the job when this agent's supervisor came.
    private func giveOver(_ job: ActiveJob) {
        let isHeld = (try? FileLock.isHeld(job.folder.lifeline)) ?? true
        guard !isHeld, !job.isToEnd, !job.folder.hasBegun, job.folder.end() == nil else { return settle(job) }
        // It only looked, or died before it began.
        do throws(SystemError) {
            job.keeper = .child(pid: try pool.start(job.id))
        } catch {
            complain("\(job.id): \(error)")
            startCleaning(job)
        }
    }

    private func startCleaning(_ job: ActiveJob) {
        job.keeper = .nobody
        clean(job, patience: Patience(), pause: 5)
    }

    /// Kills what the job has left until nothing is.
    private func clean(_ job: ActiveJob, patience: Patience, pause: Int64) {
        let group = abandonedGroup(of: job)
        let leftovers = leftovers(of: job)
        var patience = patience
        let isLeft = !leftovers.isEmpty || group?.hasProcesses ?? false
        guard isLeft, patience.goesOn(hadEffect: Self.kill(leftovers, group)) else {
            group?.remove()
            return finish(job)
        }
        loop.after(milliseconds: pause) { [weak self] in
            self?.clean(job, patience: patience, pause: min(pause * 2, 500))
        }
    }

    /// That of the job's supervisor, which is dead: whoever is in it has been left behind, by this job if not by another.
    private func abandonedGroup(of job: ActiveJob) -> ControlGroup? {
        guard let supervisor = job.folder.supervisorIdentity(), !supervisor.isAlive else { return nil }
        return job.folder.supervisorGroup()
    }

    private static func kill(_ processes: [ProcessStatus], _ group: ControlGroup?) -> Bool {
        let isGroupKilled = group.map { (try? $0.killAll()) != nil } ?? false
        return TreeSignal.send(SIGKILL, to: processes) || isGroupKilled
    }

    /// What a dead supervisor leaves: orphans, which are this process's children if the supervisor was, and whatever
    /// carries the job's mark.
    private func leftovers(of job: ActiveJob) -> [ProcessStatus] {
        let supervisors = pool.processes
        let processes = ProcessTable.all()
        let orphans = processes.filter { process in
            // As the first process of a container it gets everybody's orphans: there the mark must do.
            process.parent == getpid() && getpid() != 1 && !supervisors.contains(process.pid) && !process.isGone
        }
        let marked = ProcessTable.withVariable(JobFolder.markVariable) { $0 == job.folder.path }
        let roots = Set(orphans + marked)
        return Array(roots.union(ProcessTable.descendants(of: roots.map(\.pid), in: processes)))
    }

    private func finish(_ job: ActiveJob) {
        // Where its supervisor could not any more.
        ContainerRemains.clear(job.folder)
        MountRemains.clear(job.folder)
        let lost = JobEnd(code: 128 + Int(SIGKILL))
        let end: JobEnd
        do throws(SystemError) {
            if let recorded = job.folder.end() {
                end = recorded
            } else {
                guard let lock = try FileLock(job.folder.lifeline) else { return settle(job) }
                try job.folder.recordEnd(lost)
                withExtendedLifetime(lock) {}
                end = lost
            }
        } catch {
            // The next agent comes to the same conclusion.
            complain("\(job.id): \(error)")
            end = lost
        }
        active[job.id] = nil
        queue.remove(job.id)
        onEnd(job, end)
        startWaiting()
    }

    private func complain(_ message: String) { Agent.complain(message) }
}

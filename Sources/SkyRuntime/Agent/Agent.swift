import CShims
import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess

/// The agent: one thread that answers on the node's socket and looks after the node's jobs.
final class Agent {
    static let version = "0.1.0"

    private let node: NodeFolder
    private let listener: Int32
    private let loop = EventLoop()
    private let signals: SignalSource
    private var connections: [Int: ServerConnection] = [:]
    private var lastConnection = 0
    /// Who asked for the end of the agent.
    private var shutdownAskers: [Asker] = []
    private var isShuttingDown = false

    private let lease: LeaseWatch
    /// SIGTERM says that the node is taken away.
    private let endsBySignal: Bool
    private lazy var gpus = GPUProbe(output: "\(node.path)/gpus.csv")
    private lazy var ending = NodeEnding(loop: loop)

    private lazy var logWatch = LogWatch(loop: loop) { [weak self] id in self?.logGrew(of: id) }
    private lazy var jobs = JobTable(
        node: node, loop: loop, onEnd: { [weak self] job, end in self?.ended(job, end) },
        onSupervisorGone: { [weak self] in self?.endIfIdle() })

    private static let connectionLimit = 512

    /// Listens from now on. The caller holds the node's lock.
    init(node: NodeFolder, lease: AgentArguments.Lease, endsBySignal: Bool = false) throws(SystemError) {
        self.node = node
        self.endsBySignal = endsBySignal
        self.lease = try LeaseWatch(file: node.lease, loop: loop, span: lease.span, end: lease.end)
        signals = try SignalSource([SIGTERM, SIGINT, SIGHUP, SIGCHLD])
        guard sky_become_subreaper() == 0 else { throw .last("become a subreaper") }
        if let identity = ProcessIdentity.current {
            try Files.replace(node.identity, with: "\(identity)\n".utf8, durability: .processes)
        }
        listener = try UnixSocket.listen(at: node.socket)
    }

    /// False of a node that has ended: all that is left to do is to clean up after it.
    var isOfUse: Bool { !lease.hasEnded || lease.end != .processes }

    /// Returns when the agent was told to end.
    func run() {
        loop.watch(listener, for: .reading) { [weak self] _ in self?.accept() }
        loop.watch(signals.descriptor, for: .reading) { [weak self] _ in self?.takeSignals() }
        jobs.recover()
        lease.start { [weak self] in self?.leaseRanOut() }
        loop.run()
        unlink(node.socket)
        unlink(node.identity)
        for connection in connections.values { connection.drain(milliseconds: 1000) }
    }

    static func complain(_ message: String) {
        try? Descriptor.writeAll(STDERR_FILENO, Array("sky-agent: \(message)\n".utf8))
    }

    private func takeSignals() {
        while let received = signals.next() {
            guard received.signal != SIGCHLD else { continue }
            // Else the jobs go on under their supervisors, for the next agent to find.
            if endsBySignal, received.signal == SIGTERM { nodeIsTaken() } else { loop.stop() }
        }
        while let (pid, end) = Children.takeEnded() {
            if !gpus.childEnded(pid, end) { jobs.childEnded(pid, end) }
        }
    }

    // MARK: Connections

    private func accept() {
        do throws(SystemError) {
            while let descriptor = try UnixSocket.accept(listener) { welcome(descriptor) }
        } catch {
            // No descriptors left, most likely: the waiting connection would wake the loop again at once.
            Self.complain("\(error)")
            loop.setInterest([], of: listener)
            loop.after(milliseconds: 100) { [weak self] in
                guard let self else { return }
                loop.setInterest(.reading, of: listener)
            }
        }
    }

    private func welcome(_ descriptor: Int32) {
        lastConnection += 1
        let connection = ServerConnection(
            number: lastConnection, descriptor: descriptor, loop: loop,
            onRequest: { [weak self] in self?.take($1, from: $0) },
            onClose: { [weak self] in self?.closed($0) })
        connections[connection.number] = connection
        if connections.count > Self.connectionLimit {
            connection.sendAndClose(.refused(message: "this agent has too many connections"), to: nil)
        }
    }

    private func closed(_ connection: ServerConnection) {
        connections[connection.number] = nil
        for job in jobs.active.values { job.forget { $0.connection == connection.number } }
    }

    private func answer(_ asker: Asker, _ answer: AgentResponse.Answer) {
        connections[asker.connection]?.send(answer, to: asker.request)
    }

    // MARK: Requests

    private func take(_ request: AgentRequest, from connection: ServerConnection) {
        let asker = Asker(connection: connection.number, request: request.id)
        guard connection.isGreeted else { return greet(request, connection) }
        do throws(SystemError) {
            switch request.call {
            case .hello: answer(asker, .refused(message: "hello was said before"))
            case .submit(let job): answer(asker, try submit(job))
            case .beside(let request): answer(asker, try submit(request))
            case .stats: answer(asker, .stats(stats: stats()))
            case .list: answer(asker, .jobs(jobs: jobs.listing()))
            case .state(let id): try tellState(of: id, asker)
            case .wait(let id): try wait(id, asker)
            case .kill(let id, let grace): try kill(id, grace, asker)
            case .readLog(let id, let offset, let follow): try readLog(id, offset, follow, asker)
            case .cancel(let id):
                connection.forget(id)
                cancel(Asker(connection: connection.number, request: id))
            case .shutdown(let grace): shutdown(grace, asker)
            case .renewLease(let span): answer(asker, try lease.renew(span))
            }
        } catch {
            answer(asker, .refused(message: "\(error)"))
        }
    }

    private func greet(_ request: AgentRequest, _ connection: ServerConnection) {
        guard case .hello(let version) = request.call else {
            return connection.sendAndClose(.protocolMismatch(message: "say hello first"), to: request.id)
        }
        guard version == AgentProtocol.version else {
            let message =
                "this agent (\(Self.version)) speaks protocol \(AgentProtocol.version), not \(version):"
                + " use the same release on both sides"
            return connection.sendAndClose(.protocolMismatch(message: message), to: request.id)
        }
        connection.greet()
        connection.send(.hello(agent: .current(directory: node.path)), to: request.id)
    }

    private func submit(_ job: JobSpec) throws(SystemError) -> AgentResponse.Answer {
        if let problem = job.problem ?? jobs.problem(of: job) { return .refused(message: problem) }
        if lease.hasEnded { return .ending(message: LeaseWatch.message) }
        if isShuttingDown { return .refused(message: "this agent is shutting down") }
        return .job(state: try jobs.submit(job))
    }

    private func submit(_ request: BesideRequest) throws(SystemError) -> AgentResponse.Answer {
        if let problem = JobSpec.problem(ofID: request.like) { return .refused(message: problem) }
        let folder = node.job(request.like)
        guard folder.hasSpec else { return .refused(message: "there is no job \(request.like) on this node") }
        var job = try folder.loadSpec()
        let devices = job.needs
        job.id = request.id
        job.run = request.run
        job.limits = nil
        // Who mounts buckets is nobody's business any more but that process's.
        job.mounts = job.mounts?.filter { $0.bucket == nil }
        job.needs = JobNeeds(
            accelerator: devices?.accelerator, devicesOnNode: devices?.devicesOnNode ?? 0, devices: request.devices,
            cpus: request.cpus, memory: request.memory)
        return try submit(job)
    }

    private func stats() -> NodeStats {
        gpus.ask()
        return .sample(of: node.path, supervisors: jobs.supervisors, gpus: gpus.gpus)
    }

    private func tellState(of id: String, _ asker: Asker) throws(SystemError) {
        if let problem = JobSpec.problem(ofID: id) { return answer(asker, .refused(message: problem)) }
        answer(asker, told(try jobs.state(of: id), of: id))
    }

    /// The state, unless it is an end that the node's own end has made.
    private func told(_ state: JobState?, of id: String) -> AgentResponse.Answer {
        guard lease.hasEnded, case .exited = state, node.lease.cutShort(id) else { return .job(state: state) }
        return .ending(message: LeaseWatch.message)
    }

    private func wait(_ id: String, _ asker: Asker) throws(SystemError) {
        guard let state = try knownState(of: id, asker) else { return }
        if let job = jobs.active[id] {
            job.waiters.append(asker)
        } else {
            answer(asker, told(state, of: id))
        }
    }

    private func kill(_ id: String, _ grace: TimeSpan, _ asker: Asker) throws(SystemError) {
        if let problem = JobSpec.problem(ofID: id) { return answer(asker, .refused(message: problem)) }
        if try jobs.kill(id, grace: grace), let job = jobs.active[id] {
            job.killers.append(asker)
        } else {
            answer(asker, .done)
        }
    }

    private func readLog(_ id: String, _ offset: Int64, _ follow: Bool, _ asker: Asker) throws(SystemError) {
        guard offset >= 0 else { return answer(asker, .refused(message: "a log has no byte \(offset)")) }
        guard try knownState(of: id, asker) != nil else { return }
        let job = jobs.active[id]
        // Before the look at the file: nothing that is written in between is missed.
        if follow, let job { logWatch.add(id, log: job.folder.log) }
        if try sendLog(of: id, offset, asker) { return }
        if follow, let job {
            job.logReaders.append(ActiveJob.LogReader(asker: asker, offset: offset))
        } else {
            answer(asker, .endOfLog(offset: max(0, min(offset, node.job(id).logSize))))
        }
    }

    /// False when there is nothing from `offset` on.
    private func sendLog(of id: String, _ offset: Int64, _ asker: Asker) throws(SystemError) -> Bool {
        let stretch = try node.job(id).readLog(from: offset, limit: AgentProtocol.logChunkLimit)
        guard !stretch.bytes.isEmpty else { return false }
        answer(
            asker,
            .log(
                offset: stretch.offset, bytes: Data(stretch.bytes),
                marks: stretch.marks.isEmpty ? nil : Data(stretch.marks)))
        return true
    }

    private func cancel(_ asker: Asker) {
        for job in jobs.active.values { job.forget { $0 == asker } }
    }

    /// Refuses when the agent has never heard of the job.
    private func knownState(of id: String, _ asker: Asker) throws(SystemError) -> JobState? {
        if let problem = JobSpec.problem(ofID: id) {
            answer(asker, .refused(message: problem))
            return nil
        }
        let state = try jobs.state(of: id)
        if state == nil { answer(asker, .refused(message: "there is no job \(id) on this node")) }
        return state
    }

    private func shutdown(_ grace: TimeSpan, _ asker: Asker) {
        isShuttingDown = true
        jobs.stopStarting()
        shutdownAskers.append(asker)
        killAll(grace)
        endIfIdle()
    }

    private func killAll(_ grace: TimeSpan) {
        for id in Array(jobs.active.keys) {
            do throws(SystemError) { _ = try jobs.kill(id, grace: grace) } catch { Self.complain("\(id): \(error)") }
        }
    }

    private func endIfIdle() {
        guard jobs.active.isEmpty, lease.hasEnded || isShuttingDown, jobs.dismissSupervisors() else { return }
        guard isShuttingDown else { return giveNodeBack(lease.end) }
        // Without a child, a subreaper has no descendant at all.
        let isAlone = jobs.isFirst && Children.areAllGone && !Files.exists(node.visited)
        for asker in shutdownAskers { answer(asker, isAlone ? .alone : .done) }
        shutdownAskers = []
        loop.stop()
    }

    // MARK: The lease

    private func leaseRanOut() {
        Self.complain("the lease has run out: the node ends itself")
        end(grace: lease.record?.grace ?? .zero)
    }

    /// How long jobs may go on after the node was asked for, if whoever takes it does not end them sooner.
    private static let graceOfTaken = TimeSpan.seconds(600)

    private func nodeIsTaken() {
        guard !lease.hasEnded else { return }
        Self.complain("the node is taken away")
        lease.endEarly()
        end(grace: Self.graceOfTaken)
    }

    private func end(grace: TimeSpan) {
        do throws(SystemError) { try node.lease.markEnded(cuttingShort: jobs.active.keys) } catch {
            // No reason to go on.
            Self.complain("\(error)")
        }
        jobs.stopStarting()
        killAll(grace)
        endIfIdle()
    }

    private func giveNodeBack(_ end: NodeEnd) {
        switch end {
        case .processes: loop.stop()
        case .command(let command): ending.begin(command)
        }
    }

    // MARK: What jobs do

    private func logGrew(of id: String) {
        guard let job = jobs.active[id] else { return }
        let readers = job.logReaders
        job.logReaders = []
        for reader in readers {
            let isServed = (try? sendLog(of: id, reader.offset, reader.asker)) ?? false
            if !isServed { job.logReaders.append(reader) }
        }
    }

    private func ended(_ job: ActiveJob, _ end: JobEnd) {
        logWatch.remove(job.id)
        for reader in job.logReaders {
            let isServed = (try? sendLog(of: job.id, reader.offset, reader.asker)) ?? false
            if !isServed { answer(reader.asker, .endOfLog(offset: min(reader.offset, job.folder.logSize))) }
        }
        for asker in job.waiters { answer(asker, told(end.state, of: job.id)) }
        for asker in job.killers { answer(asker, .done) }
        endIfIdle()
    }
}

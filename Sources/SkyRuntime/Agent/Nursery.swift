import CShims
import Glibc
import SkyCore
import SkyProcess

/// A process that becomes agents: for each it is asked for it makes a copy of itself, which has behind it what a program
/// has to do when it starts. It has one thread, and ends when nobody can ask any more.
///
/// It is asked on its standard input by the arguments of an agent, each with a zero behind it, after a number of the
/// asker's choice, and one more zero. It answers on its standard output, in lines: `NUMBER ready` when the agent accepts
/// connections, `NUMBER ended CODE` when it is gone, ready or not.
final class Nursery {
    /// What its process is started with, so that there is room for its agents' own command lines.
    static let room = String(repeating: "-", count: 1000)

    private let signals: SignalSource
    private let loop = EventLoop()
    private var pending: [UInt8] = []
    private var numbers: [Int32: String] = [:]
    /// In a copy: what it is to become.
    private var calling: Calling?

    /// Who a copy is.
    struct Calling {
        var number: String
        var arguments: [String]
    }

    private init() throws(SystemError) { signals = try SignalSource([SIGCHLD]) }

    /// In the first process, returns nil when nobody asks any more; in each copy of it, what that is to become.
    static func run() throws(SystemError) -> Calling? {
        warmUp()
        let nursery = try Nursery()
        nursery.loop.watch(STDIN_FILENO, for: .reading) { [weak nursery] _ in nursery?.read() }
        nursery.loop.watch(nursery.signals.descriptor, for: .reading) { [weak nursery] _ in nursery?.reap() }
        nursery.loop.run()
        return nursery.calling
    }

    private func read() {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(STDIN_FILENO, &bytes, bytes.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        guard count > 0 else { return loop.stop() }
        pending += bytes.prefix(count)
        while let end = pending.indices.dropLast().first(where: { pending[$0] == 0 && pending[$0 + 1] == 0 }) {
            let texts = pending[..<end].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            pending.removeFirst(end + 2)
            guard let number = texts.first else { continue }
            makeAgent(Calling(number: number, arguments: Array(texts.dropFirst())))
            if calling != nil { return loop.stop() }
        }
    }

    private func makeAgent(_ wanted: Calling) {
        let pid = sky_fork_session("sky-agent", 0, -1, -1)
        guard pid != 0 else { return calling = wanted }
        guard pid > 0 else { return tell("\(wanted.number) ended \(errno)") }
        numbers[pid] = wanted.number
    }

    private func reap() {
        while signals.next() != nil {}
        while let (pid, end) = Children.takeEnded() {
            if let number = numbers.removeValue(forKey: pid) { tell("\(number) ended \(end.shellCode)") }
        }
    }

    private func tell(_ line: String) { try? Descriptor.writeAll(STDOUT_FILENO, Array("\(line)\n".utf8)) }

    /// The first message of a kind takes a hundred times as long as the second.
    private static func warmUp() {
        let job = JobSpec(id: "warm", run: "true", environment: ["A": "b"])
        let calls: [AgentRequest.Call] = [
            .hello(protocolVersion: AgentProtocol.version), .submit(job: job), .state(job: "warm"), .wait(job: "warm"),
            .readLog(job: "warm", offset: 0, follow: true), .renewLease(span: .hour), .shutdown(grace: .zero),
        ]
        for call in calls {
            guard let frame = Frame.encode(AgentRequest(id: 1, call: call)) else { continue }
            _ = Frame.decode(AgentRequest.self, Array(frame.dropFirst(Frame.headerSize)))
        }
        let answers: [AgentResponse.Answer] = [
            .hello(agent: .current(directory: "/")), .job(state: .running), .job(state: .exited(code: 0)), .done,
            .alone,
            .endOfLog(offset: 0),
        ]
        for answer in answers { _ = Frame.encode(AgentResponse(id: 1, answer: answer)) }
        _ = Frame.encode(job)
        _ = ControlGroup.ofThisProcess
    }
}

extension Nursery.Calling {
    /// Makes this copy look and behave like a process that was started with the arguments: its complaints go where an
    /// agent's go, and nobody's input is its.
    ///
    /// - Returns: the descriptor on which it says that it is ready.
    func begin(logPath: String) throws(SystemError) -> Int32 {
        let ready = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
        guard ready >= 0 else { throw .last("become an agent") }
        let log = try Descriptor.open(logPath, O_WRONLY | O_CREAT | O_APPEND)
        let null = try Descriptor.open("/dev/null", O_RDWR)
        for (source, target) in [(null, STDIN_FILENO), (log, STDOUT_FILENO), (log, STDERR_FILENO)] {
            guard dup2(source, target) >= 0 else { throw .last("become an agent") }
        }
        close(log)
        close(null)
        let line = (["sky-agent"] + arguments).reduce(into: [UInt8]()) { $0 += Array($1.utf8) + [0] }
        // Without room it is not found by its command line; what it starts is found by its descent and its marks.
        _ = line.withUnsafeBytes { sky_set_command_line($0.baseAddress, line.count) }
        return ready
    }
}

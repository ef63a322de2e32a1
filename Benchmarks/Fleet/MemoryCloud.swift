import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess
import SkyProviders
import SkyRuntime
import Synchronization

/// A cloud without machines: groups are entries of a table, and a job is a time at which it ends. What it holds is in a
/// file too, so that it outlives the process that rented it, as a cloud would.
///
/// In the region `slow` machines take as long as `slowStart`; elsewhere they are there at once.
final class MemoryCloud: ProviderAdapter {
    let provider = "aws"
    let isStandIn = true
    private let slowStart: TimeSpan
    private let jobTime: TimeSpan
    private let ledger: Ledger

    init(ledger path: String, jobTime: TimeSpan, slowStart: TimeSpan) throws {
        self.jobTime = jobTime
        self.slowStart = slowStart
        ledger = try Ledger(path)
    }

    func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup {
        if let known = ledger.group(request.token) { return known }
        if request.region == "slow" {
            do { try await Task.sleep(for: .milliseconds(slowStart.milliseconds)) } catch {
                throw ProviderError(.transient, provider: provider, "cancelled")
            }
        }
        return ledger.add(
            NodeGroup(
                token: request.token, run: request.run, provider: provider, region: request.region,
                instanceType: request.instanceType, state: .running,
                nodes: (0..<request.numNodes).map { Node(id: "n\($0)", rank: $0, address: "127.0.0.1") }))
    }

    func describe(token: String) async throws(ProviderError) -> NodeGroup? { ledger.group(token) }

    func list(run: RunID?) async throws(ProviderError) -> [NodeGroup] {
        ledger.groups.filter { run == nil || $0.run == run }
    }

    func terminate(token: String) async throws(ProviderError) { ledger.remove(token) }

    func channel(to node: Node, of group: NodeGroup) async throws(ProviderError) -> any NodeChannel {
        Channel(agent: Agent(ledger: ledger, jobTime: jobTime))
    }

    private struct Channel: NodeChannel {
        let isOnThisMachine = false
        let agent: Agent

        func connect() async throws(ProviderError) -> any NodeAgent { agent }
        func absolutePath(_ path: String) -> String { "/node/\(path)" }
        func push(from localPath: String, to nodePath: String) async throws(ProviderError) {}
        func pull(from nodePath: String, to localPath: String) async throws(ProviderError) {}
        func entrance(
            job: String, command: String?, hasTerminal: Bool
        ) async throws(ProviderError) -> NodeEntrance {
            throw ProviderError(.badRequest, provider: "memory", "there is nothing to enter")
        }
        func exists(_ nodePath: String) async throws(ProviderError) -> Bool { true }
    }

    private struct Agent: NodeAgent {
        let ledger: Ledger
        let jobTime: TimeSpan

        func submit(_ job: JobSpec) async throws(AgentError) -> JobState {
            ledger.start(job.id)
            return .running
        }

        func submit(_ request: BesideRequest) async throws(AgentError) -> JobState {
            throw AgentError(.refused, "there is nothing to run beside")
        }

        func stats() async throws(AgentError) -> NodeStats {
            throw AgentError(.refused, "there is nothing to measure")
        }

        func jobs() async throws(AgentError) -> [JobListing] { [] }

        func state(ofJob id: String) async throws(AgentError) -> JobState? {
            ledger.startOfJob(id).map {
                monotonicMilliseconds() < $0 + jobTime.milliseconds ? .running : .exited(code: 0)
            }
        }

        func waitForEnd(ofJob id: String) async throws(AgentError) -> JobEnd {
            guard (try? await sleep(untilEndOf: id)) != nil else { throw AgentError(.disconnected, "cancelled") }
            return JobEnd(code: 0)
        }

        func kill(job id: String, grace: TimeSpan) async throws(AgentError) {}
        func renewLease(for span: TimeSpan) async throws(AgentError) {}
        func close() async {}

        func logs(ofJob id: String, from offset: Int64, follow: Bool) -> AsyncThrowingStream<LogChunk, any Error> {
            AsyncThrowingStream {
                try await sleep(untilEndOf: id)
                return nil
            }
        }

        private func sleep(untilEndOf job: String) async throws {
            let left = (ledger.startOfJob(job) ?? 0) + jobTime.milliseconds - monotonicMilliseconds()
            if left > 0 { try await Task.sleep(for: .milliseconds(left)) }
        }
    }
}

/// What the cloud holds, in memory and, line by line, in a file.
final class Ledger: Sendable {
    private struct Books {
        var groups: [String: NodeGroup] = [:]
        /// When each began, on the clock of `monotonicMilliseconds`.
        var jobs: [String: Int64] = [:]
    }

    private let books: Mutex<Books>
    private let file: Int32

    /// Reads what an earlier process has written.
    init(_ path: String) throws {
        var books = Books()
        let text = String(decoding: try Files.read(path) ?? [], as: UTF8.self)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 2).map(String.init)
            switch words[0] {
            case "group": books.groups[words[1]] = try JSONDecoder().decode(NodeGroup.self, from: Data(words[2].utf8))
            case "gone": books.groups[words[1]] = nil
            case "job": books.jobs[words[1]] = Int64(words[2])
            default: break
            }
        }
        self.books = Mutex(books)
        file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_APPEND)
    }

    func group(_ token: String) -> NodeGroup? { books.withLock { $0.groups[token] } }

    var groups: [NodeGroup] { books.withLock { $0.groups.values.sorted { $0.token < $1.token } } }

    func startOfJob(_ id: String) -> Int64? { books.withLock { $0.jobs[id] } }

    func add(_ group: NodeGroup) -> NodeGroup {
        books.withLock { books in
            if let known = books.groups[group.token] { return known }
            books.groups[group.token] = group
            let text = (try? JSONEncoder().encode(group)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            write("group \(group.token) \(text)")
            return group
        }
    }

    func remove(_ token: String) {
        books.withLock { books in
            if books.groups.removeValue(forKey: token) != nil { write("gone \(token)") }
        }
    }

    /// Starts a job, or finds it started.
    func start(_ id: String) {
        books.withLock { books in
            if books.jobs[id] != nil { return write("found \(id)") }
            let now = monotonicMilliseconds()
            books.jobs[id] = now
            write("job \(id) \(now)")
        }
    }

    private func write(_ line: String) { try? Descriptor.writeAll(file, Array("\(line)\n".utf8)) }
}

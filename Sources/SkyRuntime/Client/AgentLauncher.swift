import Dispatch
import Glibc
public import SkyCore
import SkyProcess
import Synchronization

/// Starts agents on this machine. Whoever starts many of them keeps one launcher: after the first few it lets a nursery
/// make them, which is several times cheaper, and which ends with the launcher.
public final class AgentLauncher: Sendable {
    private struct Books {
        var starts = 0
        var nursery: NurseryClient?
        /// One of them has died or could not be started: no more of that.
        var isSpoilt = false
    }

    /// So many are started one by one before a process is worth it that only makes others.
    private static let startsWithoutNursery = 4
    /// As shells say SIGKILL: an operator's, or the kernel's when memory was short.
    private static let killedStatus = 137
    /// So often in all is an agent started that is killed before it is ready.
    private static let startsOfKilled = 5
    private let executable: String
    private let books = Mutex(Books())

    /// - Parameter executable: the path of `sky-agent`.
    public init(executable: String) { self.executable = executable }

    /// Starts an agent in a node's directory and returns when it accepts connections; at once if one does already. The
    /// agent lives in a session of its own and outlives this process.
    ///
    /// - Parameters:
    ///   - lease: what the node has from its first second; one that it has already goes on instead. Nil for none.
    ///   - nodeEnd: how the node ends itself; nil for what it knows already, or else by ending its processes.
    /// - Throws: `AgentError` of kind `disconnected` with what the agent complained about, if it does not come up.
    public func start(
        directory: String, lease: TimeSpan? = nil, nodeEnd: NodeEnd? = nil
    ) async throws(AgentError) {
        books.withLock { $0.starts += 1 }
        let failure: String
        do throws(SystemError) {
            let node = try NodeFolder(directory)
            guard let code = try await startUnlessKilled(node, lease: lease, nodeEnd: nodeEnd) else { return }
            failure = "cannot start \(executable): it ended with \(code)"
        } catch {
            failure = "\(error)"
        }
        let complaint = Self.lastComplaint(in: directory)
        throw AgentError(.disconnected, "\(failure)\(complaint.isEmpty ? "" : ": \(complaint)")")
    }

    /// Nil when the agent is ready; otherwise the status with which it ended before, every time that it was started.
    private func startUnlessKilled(
        _ node: NodeFolder, lease: TimeSpan?, nodeEnd: NodeEnd?
    ) async throws(SystemError) -> Int? {
        for _ in 1..<Self.startsOfKilled {
            // Its own doing would be another status: whoever killed it did not ask for the node to end.
            let code = try await startOnce(node, lease: lease, nodeEnd: nodeEnd)
            if code != Self.killedStatus { return code }
        }
        return try await startOnce(node, lease: lease, nodeEnd: nodeEnd)
    }

    /// Nil when the agent is ready; otherwise the status with which it ended before.
    private func startOnce(_ node: NodeFolder, lease: TimeSpan?, nodeEnd: NodeEnd?) async throws(SystemError) -> Int? {
        let arguments = AgentCommand.arguments("serve", directory: node.path, lease: lease, nodeEnd: nodeEnd)
        switch await nursery()?.start(arguments) {
        case .ready: return nil
        case .ended(let code): return code
        case .nurseryGone: books.withLock { $0.isSpoilt = true }
        case nil: break
        }
        return try await startAlone(node, lease: lease, nodeEnd: nodeEnd)
    }

    private func nursery() -> NurseryClient? {
        books.withLock { books in
            guard !books.isSpoilt, books.starts > Self.startsWithoutNursery else { return nil }
            if books.nursery == nil { books.nursery = try? NurseryClient(executable: executable) }
            if books.nursery == nil { books.isSpoilt = true }
            return books.nursery
        }
    }

    private func startAlone(
        _ node: NodeFolder, lease: TimeSpan?, nodeEnd: NodeEnd?
    ) async throws(SystemError) -> Int? {
        let ready = try Descriptor.pipe()
        let agent: SpawnedProcess
        do throws(SystemError) {
            defer { close(ready.writing) }
            agent = try AgentCommand.serve(
                executable: executable, node: node, ready: ready.writing, lease: lease, nodeEnd: nodeEnd
            ).start()
        } catch {
            close(ready.reading)
            throw error
        }
        agent.reap()
        return await Self.hasByte(ready.reading) ? nil : agent.wait().shellCode
    }

    /// Suspends until the pipe has a byte (true) or has ended (false), and closes it.
    private static func hasByte(_ descriptor: Int32) async -> Bool {
        await withCheckedContinuation { continuation in
            let source = DispatchSource.makeReadSource(
                fileDescriptor: descriptor, queue: DispatchQueue(label: "sky.agent-launcher"))
            source.setEventHandler {
                var byte: UInt8 = 0
                let isReady = read(descriptor, &byte, 1) == 1
                source.cancel()
                continuation.resume(returning: isReady)
            }
            source.setCancelHandler { close(descriptor) }
            source.activate()
        }
    }

    private static func lastComplaint(in directory: String) -> String {
        guard let bytes = (try? Files.read("\(directory)/agent.log")) ?? nil else { return "" }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? ""
    }
}

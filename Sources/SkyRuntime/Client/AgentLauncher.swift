import Dispatch
import Glibc
public import SkyCore
import SkyProcess

/// Starts agents on this machine.
public struct AgentLauncher: Sendable {
    public init() {}

    /// Starts an agent in a node's directory and returns when it accepts connections; at once if one does already. The
    /// agent lives in a session of its own and outlives this process.
    ///
    /// - Parameters:
    ///   - executable: the path of `sky-agent`.
    ///   - lease: what the node has from its first second; one that it has already goes on instead. Nil for none.
    ///   - nodeEnd: how the node ends itself; nil for what it knows already, or else by ending its processes.
    /// - Throws: `AgentError` of kind `disconnected` with what the agent complained about, if it does not come up.
    public func start(
        executable: String, directory: String, lease: TimeSpan? = nil, nodeEnd: NodeEnd? = nil
    ) async throws(AgentError) {
        do throws(SystemError) {
            let node = try NodeFolder(directory)
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
            guard await Self.hasByte(ready.reading) else {
                let end = await agent.wait()
                throw SystemError("start \(executable): it ended with \(end.shellCode)", code: ECHILD)
            }
        } catch {
            let complaint = Self.lastComplaint(in: directory)
            throw AgentError(.disconnected, "\(error)\(complaint.isEmpty ? "" : ": \(complaint)")")
        }
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

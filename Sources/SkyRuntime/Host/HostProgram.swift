import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess

/// `sky-agent host …` and `sky-agent files …`: what a broker does on a host over a way that can only run commands.
enum HostProgram {
    /// What becomes of a host's node. Always answers with a line.
    static func run(_ call: AgentArguments.HostCall) -> Int32 {
        let reply: HostReply
        do throws(HostFailure) { reply = try answer(to: call) } catch { reply = HostReply(failure: error) }
        try? Descriptor.writeAll(STDOUT_FILENO, Array(reply.line.utf8))
        return 0
    }

    private static func answer(to call: AgentArguments.HostCall) throws(HostFailure) -> HostReply {
        let folder: HostFolder
        do { folder = try HostFolder(base: call.base) } catch { throw HostFailure(error) }
        switch call.verb {
        case .claim:
            let bytes: [UInt8]
            do { bytes = try Descriptor.readAll(STDIN_FILENO, limit: 1 << 20) } catch { throw HostFailure(error) }
            guard let claim = try? JSONDecoder().decode(HostClaim.self, from: Data(bytes)) else {
                throw HostFailure(.system, "there is no claim on standard input")
            }
            return HostReply(nodes: [try folder.claim(claim)])
        case .list: return HostReply(nodes: try folder.list())
        case .release(let token):
            try folder.release(token: token)
            return HostReply()
        case .withdraw(let token):
            try folder.withdraw(token: token)
            return HostReply()
        }
    }

    /// Files to and from a node. 4 when the other side was told what went wrong, or the link broke.
    static func run(_ call: AgentArguments.FileCall) -> Int32 {
        // A link that breaks is told by `write`, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        do throws(HostFailure) {
            switch call.verb {
            case .look: look(call)
            case .send: try send(call)
            case .receive: try receive(call)
            }
            return 0
        } catch { return 4 }
    }

    private static func look(_ call: AgentArguments.FileCall) {
        var reply = HostReply()
        do throws(HostFailure) { reply.exists = try source(of: call) != nil } catch { reply.failure = error }
        try? Descriptor.writeAll(STDOUT_FILENO, Array(reply.line.utf8))
    }

    private static func send(_ call: AgentArguments.FileCall) throws(HostFailure) {
        let sender = PackSender(input: STDIN_FILENO, output: STDOUT_FILENO)
        let path: String
        do throws(HostFailure) {
            guard let found = try source(of: call) else {
                throw HostFailure(.badPath, "there is no \(call.path) on the node")
            }
            path = found
        } catch {
            try sender.refuse(error)
            throw error
        }
        try sender.send(path)
    }

    private static func receive(_ call: AgentArguments.FileCall) throws(HostFailure) {
        let name = SHA256.hex(SHA256.digest(of: Array(call.path.utf8)))
        let receiver = PackReceiver(
            input: STDIN_FILENO, output: STDOUT_FILENO, staging: "\(call.directory)/.incoming/\(name)",
            index: "\(call.directory)/.placed/\(name)")
        let target: String
        do throws(HostFailure) {
            let node = try node(of: call)
            do { target = try node.replaceable(call.path) } catch { throw HostFailure(error) }
        } catch {
            receiver.refuse(error)
            throw error
        }
        try receiver.receive(to: target)
    }

    /// Where what is to be read is; nil if it is not there.
    private static func source(of call: AgentArguments.FileCall) throws(HostFailure) -> String? {
        let node = try node(of: call)
        do { return try node.existing(call.path) } catch { throw HostFailure(error) }
    }

    private static func node(of call: AgentArguments.FileCall) throws(HostFailure) -> NodePaths {
        guard let path = Files.absolutePath(call.directory), !LeaseFile(folder: path).hasEnded else {
            throw HostFailure(.lost, "the node is gone")
        }
        return NodePaths(path: path)
    }
}

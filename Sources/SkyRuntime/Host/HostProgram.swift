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
            case .fetch: fetch(call)
            case .survey: survey(call)
            case .upload: upload(call)
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
        let name = name(of: call)
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

    /// Answers with a line, whatever came of it.
    private static func fetch(_ call: AgentArguments.FileCall) {
        let reply: FetchReply
        do {
            let order: FetchOrder = try self.order()
            let target = try node(of: call).replaceable(call.path)
            // What was placed there by hand is no longer what is there.
            unlink("\(call.directory)/.placed/\(name(of: call))")
            let staging = "\(call.directory)/.incoming/fetch-\(name(of: call))"
            let work = FetchWork(order: order, staging: staging, destination: target)
            reply = FetchReply(fetched: try work.run())
        } catch {
            reply = FetchReply(fetched: 0, obstacle: reason(error))
        }
        answer(reply)
    }

    /// Answers with a line, whatever came of it.
    private static func survey(_ call: AgentArguments.FileCall) {
        var survey = FileSurvey()
        do {
            let order: SurveyOrder = try self.order()
            if let path = try source(of: call) {
                survey = try Surveyor.survey(path, order)
            } else {
                survey.exists = false
            }
        } catch {
            survey = FileSurvey(obstacle: reason(error))
        }
        answer(survey)
    }

    /// Answers with a line, whatever came of it.
    private static func upload(_ call: AgentArguments.FileCall) {
        var reply: UploadReply
        do {
            let order: UploadOrder = try self.order()
            guard let path = try source(of: call) else {
                throw HostFailure(.badPath, "there is no \(call.path) on the node")
            }
            reply = try UploadWork(order: order, root: path, staging: staging(ofUpload: call)).run()
        } catch {
            reply = UploadReply(sent: 0, obstacle: reason(error))
        }
        answer(reply)
    }

    /// Of this process alone: the one that a broker which died had begun may still be at work. What dead ones left goes.
    private static func staging(ofUpload call: AgentArguments.FileCall) -> String {
        let (folder, prefix) = ("\(call.directory)/.incoming", "upload-\(name(of: call))-")
        for old in Files.names(in: folder) where old.hasPrefix(prefix) {
            guard let process = Int32(old.dropFirst(prefix.count)), kill(process, 0) != 0 else { continue }
            try? Disk.remove("\(folder)/\(old)")
        }
        return "\(folder)/\(prefix)\(getpid())"
    }

    private static func order<Order: Decodable>() throws -> Order {
        guard let bytes = try? Descriptor.readAll(STDIN_FILENO, limit: 256 << 20),
            let order = try? JSONDecoder().decode(Order.self, from: Data(bytes))
        else { throw HostFailure(.system, "there is no order on standard input") }
        return order
    }

    private static func answer(_ reply: some Encodable) {
        let line = (try? JSONEncoder().encode(reply)).map { Array($0) } ?? []
        try? Descriptor.writeAll(STDOUT_FILENO, line + [UInt8(ascii: "\n")])
    }

    private static func reason(_ error: any Error) -> String { (error as? NodeObstacle)?.reason ?? "\(error)" }

    /// Of what is kept beside a path of the node.
    private static func name(of call: AgentArguments.FileCall) -> String {
        SHA256.hex(SHA256.digest(of: Array(call.path.utf8)))
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

import FoundationEssentials
import Glibc
import SkyProcess
import SkyRuntime

/// Where an agent is reached by commands alone.
protocol AgentPlace: Sendable {
    /// For people: `rack/node1`.
    var title: String { get }
    var way: any ShellWay { get }
    /// Options of `sky-agent relay` there: who starts an agent that is not running.
    var relayOptions: String { get }

    /// The command line, for the way's shell, that runs `sky-agent` there with these arguments.
    ///
    /// - Parameter hasTerminal: a person types into it.
    func agentCommand(_ arguments: String, hasTerminal: Bool) async throws(SSHFailure) -> String

    func exists(_ path: String, in directory: String) async throws(SSHFailure) -> Bool

    /// As `NodeChannel.forward`, of the node whose folder it is.
    func forward(port: Int, for directory: String) async throws(SSHFailure) -> Int?

    /// What a failure is, seen by whoever can ask about the machine.
    func meaning(of failure: SSHFailure) async -> SSHFailure

    func providerError(_ failure: SSHFailure, _ provider: String) -> ProviderError
}

extension AgentPlace {
    func forward(port: Int, for directory: String) async throws(SSHFailure) -> Int? { nil }

    func agentCommand(_ arguments: String) async throws(SSHFailure) -> String {
        try await agentCommand(arguments, hasTerminal: false)
    }
}

/// The way to a node elsewhere: its agent and its files, over commands that run there.
///
/// A link that breaks is made again for as long as `patience` says: a job of ten hours is not given up for a switch that
/// is started anew. What had come across is not sent again.
struct PipedNodeChannel: NodeChannel {
    let isOnThisMachine = false

    let provider: String
    let place: any AgentPlace
    /// The node's folder there, absolute.
    let directory: String
    /// How long it may be out of reach, each time.
    let patience: Duration
    /// True once the group was given back from here: then no time is spent on reaching it.
    let isGone: @Sendable () -> Bool

    func absolutePath(_ path: String) -> String { NodePaths(path: directory).absolutePath(path) }

    func connect() async throws(ProviderError) -> any NodeAgent {
        try await patiently { () async throws(SSHFailure) in
            let command = try await place.agentCommand(
                "relay --dir \(ShellWords.quoted(directory))\(place.relayOptions)")
            let pipe = try await ShellPipe(conversation: command, over: place.way)
            let greeting = await withTaskCancellationHandler { () async -> Result<AgentClient, AgentError> in
                do throws(AgentError) {
                    return .success(try await AgentClient(readingFrom: pipe.reading, writingTo: pipe.writing))
                } catch { return .failure(error) }
            } onCancel: {
                pipe.process.signal(SIGKILL)
            }
            switch greeting {
            case .success(let agent):
                pipe.letGo()
                return agent
            case .failure(let error):
                if error.kind == .protocolMismatch {
                    pipe.letGo()
                    throw .agentFails(error.message)
                }
                throw await pipe.failure()
            }
        }
    }

    func push(from localPath: String, to nodePath: String) async throws(ProviderError) {
        try checkPath(nodePath)
        try await carry("receive", nodePath) { input, output throws(HostFailure) in
            try PackSender(input: input, output: output).send(localPath)
        }
    }

    func pull(from nodePath: String, to localPath: String) async throws(ProviderError) {
        try checkPath(nodePath)
        let (folder, name) = Disk.split(localPath)
        try await carry("send", nodePath) { input, output throws(HostFailure) in
            try PackReceiver(input: input, output: output, staging: "\(folder)/.\(name).incoming").receive(
                to: localPath)
        }
    }

    func fetch(_ order: FetchOrder, to nodePath: String) async throws(ProviderError) -> FetchReply {
        try await ask("fetch", nodePath, order) ?? FetchReply(fetched: 0, obstacle: Self.unwritable)
    }

    func survey(_ order: SurveyOrder, of nodePath: String) async throws(ProviderError) -> FileSurvey {
        try await ask("survey", nodePath, order) ?? FileSurvey(obstacle: Self.unwritable)
    }

    func upload(_ order: UploadOrder, from nodePath: String) async throws(ProviderError) -> UploadReply {
        try await ask("upload", nodePath, order) ?? UploadReply(sent: 0, obstacle: Self.unwritable)
    }

    private static let unwritable = "the order cannot be written"

    /// Has the agent there do something with its own files, and hears what came of it. Nil when the order is no JSON.
    private func ask<Reply: Decodable & Sendable>(
        _ verb: String, _ nodePath: String, _ order: some Encodable
    ) async throws(ProviderError) -> Reply? {
        try checkPath(nodePath)
        guard let told = try? JSONEncoder().encode(order) else { return nil }
        return try await patiently { () async throws(SSHFailure) in
            let command = try await place.agentCommand("files \(verb) \(ShellWords.place(directory, nodePath))")
            let pipe = try await ShellPipe(command, over: place.way)
            let answer = await withTaskCancellationHandler {
                await onOwnThread { () -> [UInt8] in
                    defer { close(pipe.reading) }
                    // One that ends early says why.
                    try? Descriptor.writeAll(pipe.writing, Array(told))
                    close(pipe.writing)
                    // A folder of a million files fits in.
                    return (try? Descriptor.readAll(pipe.reading, limit: 512 << 20)) ?? []
                }
            } onCancel: {
                pipe.process.signal(SIGKILL)
            }
            guard let reply = try? JSONDecoder().decode(Reply.self, from: Data(answer)) else {
                throw await pipe.failure()
            }
            _ = await pipe.complaint()
            return reply
        }
    }

    func entrance(
        job: String, command: String?, hasTerminal: Bool
    ) async throws(ProviderError) -> NodeEntrance {
        let arguments = NodeEntrance.agentArguments(
            directory: ShellWords.quoted(directory), job: job, command: command)
        let line = try await patiently { () async throws(SSHFailure) in
            try await place.way.open()
            return try await place.agentCommand(arguments.joined(separator: " "), hasTerminal: hasTerminal)
        }
        let call = place.way.call(line, hasTerminal: hasTerminal)
        return NodeEntrance(executable: call.program, arguments: call.arguments)
    }

    func exists(_ nodePath: String) async throws(ProviderError) -> Bool {
        try await patiently { () async throws(SSHFailure) in try await place.exists(nodePath, in: directory) }
    }

    func forward(port: Int) async throws(ProviderError) -> Int? {
        do throws(SSHFailure) { return try await place.forward(port: port, for: directory) } catch {
            throw place.providerError(error, provider)
        }
    }

    /// One end of a pack here, on a thread of its own, and the other there.
    private func carry(
        _ verb: String, _ nodePath: String, _ body: @escaping @Sendable (Int32, Int32) throws(HostFailure) -> Void
    ) async throws(ProviderError) {
        try await patiently { () async throws(SSHFailure) in
            let command = try await place.agentCommand("files \(verb) \(ShellWords.place(directory, nodePath))")
            let pipe = try await ShellPipe(command, over: place.way)
            let result = await withTaskCancellationHandler {
                await onOwnThread {
                    let result = Result { () throws(HostFailure) in try body(pipe.reading, pipe.writing) }
                    for end in [pipe.reading, pipe.writing] { close(end) }
                    return result
                }
            } onCancel: {
                pipe.process.signal(SIGKILL)
            }
            switch result {
            case .success: _ = await pipe.complaint()
            case .failure(let failure) where failure == PackEnds.broken: throw await pipe.failure()
            case .failure(let failure):
                _ = await pipe.complaint()
                throw .host(failure)
            }
        }
    }

    /// Known to be wrong without asking anybody.
    private func checkPath(_ path: String) throws(ProviderError) {
        guard path.hasPrefix("/") || path.isEmpty else { return }
        throw EscapesNode(path: path).providerError(provider)
    }

    private func patiently<Value: Sendable>(
        _ body: () async throws(SSHFailure) -> Value
    ) async throws(ProviderError) -> Value {
        var deadline = ContinuousClock.now + patience
        var pause = 100
        while true {
            guard !isGone() else {
                throw ProviderError(.lost, provider: provider, "the group on \(place.title) was given back")
            }
            let began = ContinuousClock.now
            do throws(SSHFailure) { return try await body() } catch {
                let failure = error.mayPass ? await place.meaning(of: error) : error
                let now = ContinuousClock.now
                // It went well for a while: this is another break than the last.
                if now - began > .seconds(30) { (deadline, pause) = (now + patience, 100) }
                guard failure.mayPass, now < deadline, !Task.isCancelled else {
                    throw place.providerError(failure, provider)
                }
            }
            try? await Task.sleep(for: .milliseconds(pause))
            pause = min(pause * 2, 5000)
        }
    }
}

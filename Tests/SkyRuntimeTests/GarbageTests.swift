import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("whoever connects may say anything", .timeLimit(.minutes(5)))
struct GarbageTests {
    private static let hello =
        Frame.encode(AgentRequest(id: 1, call: .hello(protocolVersion: AgentProtocol.version))) ?? []

    private func frame(_ text: String) -> [UInt8] {
        withUnsafeBytes(of: UInt32(text.utf8.count).bigEndian) { Array($0) } + Array(text.utf8)
    }

    @Test("another version is told which one this is")
    func otherVersion() async throws {
        try await withNode { node in
            let request = try #require(Frame.encode(AgentRequest(id: 9, call: .hello(protocolVersion: 99))))
            let responses = try await RawConnection(to: node).exchange(request, hangUp: false)
            #expect(responses.map(\.id) == [9])
            guard case .protocolMismatch(let message) = responses.first?.answer else {
                Issue.record("\(responses)")
                return
            }
            #expect(message.contains("speaks protocol \(AgentProtocol.version), not 99"))
        }
    }

    @Test("nothing is answered before hello")
    func rude() async throws {
        try await withNode { node in
            let request = try #require(Frame.encode(AgentRequest(id: 9, call: .shutdown(grace: .zero))))
            let responses = try await RawConnection(to: node).exchange(request, hangUp: false)
            #expect(responses == [AgentResponse(id: 9, answer: .protocolMismatch(message: "say hello first"))])
            _ = try await node.connect()
        }
    }

    @Test("a message beyond the limit is refused and ends the conversation")
    func tooLong() async throws {
        try await withNode { node in
            let bytes = Self.hello + [0, 16, 0, 1] + [UInt8](repeating: 0x20, count: 1 << 20)
            let responses = try await RawConnection(to: node).exchange(bytes, hangUp: false)
            #expect(responses.count == 2)
            guard case .protocolMismatch(let message) = responses.last?.answer else {
                Issue.record("\(responses)")
                return
            }
            #expect(message.contains("a message of 1048577 bytes is longer than the 1048576"))
            _ = try await node.connect()
        }
    }

    @Test(
        "what is no request is refused and ends the conversation",
        arguments: [
            "", "null", "[]", "{}", "{\"id\":1}", "{\"id\":-1,\"call\":{\"state\":{\"job\":\"x\"}}}",
            "{\"id\":2,\"call\":{\"dance\":{}}}", "{\"id\":2,\"call\":{}}", "{\"id\":2,\"call\":{\"state\":{}}}",
            "{\"id\":2,\"call\":{\"state\":{\"job\":7}}}", "{\"id\":1e400}", "\u{0}", "{",
            String(repeating: "[", count: 100_000),
        ])
    func noRequest(text: String) async throws {
        try await withNode { node in
            let responses = try await RawConnection(to: node).exchange(Self.hello + frame(text), hangUp: false)
            #expect(responses.count == 2)
            guard case .protocolMismatch = responses.last?.answer else {
                Issue.record("\(responses)")
                return
            }
            _ = try await node.connect()
        }
    }

    @Test("no garbage ends the agent", arguments: UInt64(1)...4)
    func fuzz(seed: UInt64) async throws {
        try await withAgent { node, agent in
            var random = SeededGenerator(seed: seed)
            _ = try await agent.submit(JobSpec(id: "j", run: "while [ ! -e go ]; do sleep 0.01; done"))
            async let code = agent.waitForExit(ofJob: "j")
            for _ in 0..<60 {
                _ = try await RawConnection(to: node).exchange(Self.garbage(&random))
            }
            let pid = node.agentPID
            #expect(pid == Int32(agent.agent.pid))
            _ = try await agent.submit(JobSpec(id: "go", run: "touch go"))
            #expect(try await code == 0)
        }
    }

    /// A conversation that begins well or not, and goes wrong somewhere.
    private static func garbage(_ random: inout SeededGenerator) -> [UInt8] {
        let calls: [AgentRequest.Call] = [
            .hello(protocolVersion: AgentProtocol.version), .state(job: "j"), .wait(job: "j"),
            .readLog(job: "j", offset: 0, follow: true),
            .cancel(request: 3), .kill(job: "no", grace: .zero), .readLog(job: "../..", offset: .max, follow: false),
            .wait(job: "\u{0}/"), .kill(job: "..", grace: TimeSpan(milliseconds: .min)),
        ]
        var bytes = Bool.random(using: &random) ? hello : []
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            let call = calls.randomElement(using: &random) ?? .state(job: "")
            bytes += Frame.encode(AgentRequest(id: .random(in: 0...9, using: &random), call: call)) ?? []
        }
        for _ in 0..<Int.random(in: 0...8, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0...2, using: &random) {
            case 0: bytes[place] = .random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            default: bytes.insert(.random(in: 0...255, using: &random), at: place)
            }
        }
        let noise = Int.random(in: 0...300, using: &random)
        return bytes + (0..<noise).map { _ in .random(in: 0...255, using: &random) }
    }
}

@Suite("an agent that says anything", .timeLimit(.minutes(5)))
struct FalseAgentTests {
    /// A client whose other side has said `bytes` and hung up.
    private func client(hearing bytes: [UInt8]) async throws -> AgentClient {
        let (incoming, outgoing) = (try Descriptor.pipe(), try Descriptor.pipe())
        try Descriptor.writeAll(incoming.writing, bytes)
        close(incoming.writing)
        defer { close(outgoing.reading) }
        return try await AgentClient(readingFrom: incoming.reading, writingTo: outgoing.writing)
    }

    @Test(
        "a client does not take it for an agent",
        arguments: [
            ([], AgentError.Kind.disconnected), (Array("HTTP/1.1 400 Bad Request\r\n".utf8), .protocolMismatch),
            ([0, 0, 0, 2, 0x7b, 0x7d], .protocolMismatch), ([0, 0, 0, 9], .disconnected),
            (Array("bash: sky-agent: command not found\n".utf8), .protocolMismatch),
        ])
    func refused(bytes: [UInt8], kind: AgentError.Kind) async throws {
        let error = await #expect(throws: AgentError.self) { try await client(hearing: bytes) }
        #expect(error?.kind == kind, "\(error as Any)")
    }
}

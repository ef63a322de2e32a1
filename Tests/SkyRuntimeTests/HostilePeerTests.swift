import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

/// Somebody hostile at either end of a conversation: an error, never a crash, and no memory that grows.
///
/// A few hundred streams each; with `SKY_FUZZ_SECONDS=300` each test goes on for so long, from a seed of its own, and says how
/// much it has tried.
@Suite("hostile peers", .timeLimit(.minutes(30)))
struct HostilePeerTests {
    @Test("the codec takes any bytes in any pieces, and what it understands it says again in the same way")
    func codec() throws {
        var effort = FuzzEffort(rounds: 300)
        while effort.goesOn {
            let (seed, stream) = effort.next { HostileStream(seed: $0, as: $1.isMultiple(of: 2) ? .client : .agent) }
            var random = SeededGenerator(seed: seed)
            var reader = FrameReader()
            var rest = stream.bytes[...]
            do {
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...3000, using: &random))
                    rest = rest.dropFirst(piece.count)
                    reader.append(piece)
                    while let message = try reader.next() { try agreesWithItself(message, seed) }
                }
            } catch let error as FrameReader.TooLong {
                #expect(error.length > AgentProtocol.messageLimit)
            }
        }
        effort.report("codec")
    }

    private func agreesWithItself(_ message: [UInt8], _ seed: UInt64) throws {
        if let request = Frame.decode(AgentRequest.self, message) {
            let frame = try #require(Frame.encode(request))
            #expect(
                Frame.decode(AgentRequest.self, Array(frame.dropFirst(Frame.headerSize))) == request, "seed \(seed)")
        }
        if let response = Frame.decode(AgentResponse.self, message) {
            let frame = try #require(Frame.encode(response))
            let again = Frame.decode(AgentResponse.self, Array(frame.dropFirst(Frame.headerSize)))
            #expect(again == response, "seed \(seed)")
        }
    }

    @Test("an agent answers or hangs up, stays as small as it was, and goes on serving others")
    func agent() async throws {
        try await withAgent { node, agent in
            let process = try #require(node.agentPID)
            _ = try await agent.submit(JobSpec(id: "long", run: "echo begun; sleep 1000"))
            var effort = FuzzEffort(rounds: 60)
            var size: Int64 = 0
            while effort.goesOn {
                let (seed, stream) = effort.next { seed, _ in HostileStream(seed: seed, as: .client) }
                let connection = try RawConnection(to: node)
                _ = await connection.exchange(stream.bytes)
                guard effort.streams.isMultiple(of: 20) else { continue }
                #expect(node.agentPID == process && ProcessTable.isAlive(process), "it died by seed \(seed) or before")
                #expect(try await agent.state(ofJob: "never") == nil, "seed \(seed)")
                if effort.streams == 20 { size = ProcessMemory.resident(of: process) }
            }
            let growth = ProcessMemory.resident(of: process) - size
            #expect(growth < 64 << 20, "it grew by \(growth) bytes")
            effort.report("agent")
        }
    }

    @Test("a flood of requests that have no answer, or whose answers nobody takes, costs the agent no memory")
    func flood() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "long", run: "sleep 1000"))
            let process = try #require(node.agentPID)
            let size = ProcessMemory.resident(of: process)
            for call in [
                #"{"wait":{"job":"long"}}"#, #"{"state":{"job":"long"}}"#,
                #"{"readLog":{"follow":true,"job":"long","offset":0}}"#,
            ] {
                var bytes = frame(HostileStream.hello(AgentProtocol.version))
                for id in 2..<200_000 { bytes += frame(#"{"call":\#(call),"id":\#(id)}"#) }
                let socket = try UnixSocket.connect(to: "\(node.directory)/agent.sock")
                Descriptor.setNonBlocking(socket)
                // As much as it takes, without ever listening.
                var rest = bytes[...]
                while !rest.isEmpty {
                    guard case .bytes(let count) = rest.withUnsafeBytes({ Descriptor.write(socket, $0) }) else {
                        var writable = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
                        guard poll(&writable, 1, 300) == 1, writable.revents & Int16(POLLHUP | POLLERR) == 0 else {
                            break
                        }
                        continue
                    }
                    rest = rest.dropFirst(count)
                }
                #expect(!rest.isEmpty, "it has taken all of \(call)")
                #expect(try await agent.state(ofJob: "never") == nil)
                let growth = ProcessMemory.resident(of: process) - size
                #expect(growth < 32 << 20, "it grew by \(growth) bytes of \(call)")
                close(socket)
            }
        }
    }

    private func frame(_ text: String) -> [UInt8] {
        withUnsafeBytes(of: UInt32(text.utf8.count).bigEndian) { Array($0) } + Array(text.utf8)
    }

    @Test("a client hears an answer or an error from whatever calls itself an agent, and then it is over")
    func client() async throws {
        var effort = FuzzEffort(rounds: 150)
        while effort.goesOn {
            let (seed, stream) = effort.next { seed, _ in HostileStream(seed: seed, as: .agent) }
            try await converse(with: stream.bytes, seed)
        }
        effort.report("client")
    }

    /// Asks all that can be asked. The other end says its piece, and then nothing more.
    private func converse(with bytes: [UInt8], _ seed: UInt64) async throws {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let other = ends[1]
        let speaker = Task.detached {
            try? Descriptor.writeAll(other, bytes)
            shutdown(other, Int32(SHUT_WR))
        }
        defer { close(other) }
        do {
            let agent = try await AgentClient(readingFrom: ends[0], writingTo: ends[0])
            await ask { _ = try await agent.state(ofJob: "long") }
            await ask { _ = try await agent.submit(JobSpec(id: "j", run: "true")) }
            await ask { _ = try await agent.waitForEnd(ofJob: "j") }
            await ask { _ = try await agent.jobs() }
            await ask { _ = try await agent.stats() }
            await ask { for try await chunk in agent.logs(ofJob: "j", from: 0, follow: true) { _ = chunk.marks.count } }
            await ask { try await agent.kill(job: "j", grace: .zero) }
            await ask { _ = try await agent.shutdown(grace: .zero) }
            await agent.close()
        } catch { _ = error as AgentError }
        await speaker.value
    }

    private func ask(_ question: () async throws -> Void) async {
        do { try await question() } catch { #expect(error is AgentError, "\(error)") }
    }
}

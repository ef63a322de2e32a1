import FoundationEssentials
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("the agent's protocol on the wire")
struct ProtocolTests {
    private static let requests: [(AgentRequest, String)] = [
        (
            AgentRequest(id: 1, call: .hello(protocolVersion: 2)),
            #"{"call":{"hello":{"protocolVersion":2}},"id":1}"#
        ),
        (
            AgentRequest(id: 2, call: .submit(job: JobSpec(id: "j", run: "true", environment: ["A": "/b"]))),
            #"{"call":{"submit":{"job":{"environment":{"A":"/b"},"id":"j","run":"true","workingDirectory":"work"}}},"id":2}"#
        ),
        (AgentRequest(id: 3, call: .state(job: "j")), #"{"call":{"state":{"job":"j"}},"id":3}"#),
        (AgentRequest(id: 4, call: .wait(job: "j")), #"{"call":{"wait":{"job":"j"}},"id":4}"#),
        (
            AgentRequest(id: 5, call: .kill(job: "j", grace: .seconds(5))),
            #"{"call":{"kill":{"grace":5000,"job":"j"}},"id":5}"#
        ),
        (
            AgentRequest(id: 6, call: .readLog(job: "j", offset: 7, follow: true)),
            #"{"call":{"readLog":{"follow":true,"job":"j","offset":7}},"id":6}"#
        ),
        (AgentRequest(id: 0, call: .cancel(request: 6)), #"{"call":{"cancel":{"request":6}},"id":0}"#),
        (AgentRequest(id: 8, call: .shutdown(grace: .zero)), #"{"call":{"shutdown":{"grace":0}},"id":8}"#),
    ]

    @Test("requests keep their shape", arguments: requests)
    func requestShape(request: AgentRequest, json: String) throws {
        let frame = try #require(Frame.encode(request))
        #expect(Array(frame.prefix(4)) == [0, 0, UInt8(json.utf8.count >> 8), UInt8(json.utf8.count & 255)])
        #expect(String(decoding: frame.dropFirst(4), as: UTF8.self) == json)
        #expect(Frame.decode(AgentRequest.self, Array(json.utf8)) == request)
    }

    private static let responses: [(AgentResponse, String)] = [
        (AgentResponse(id: 1, answer: .done), #"{"answer":{"done":{}},"id":1}"#),
        (AgentResponse(id: 1, answer: .job(state: nil)), #"{"answer":{"job":{}},"id":1}"#),
        (AgentResponse(id: 1, answer: .job(state: .running)), #"{"answer":{"job":{"state":{"running":{}}}},"id":1}"#),
        (
            AgentResponse(id: 1, answer: .job(state: .exited(code: 7))),
            #"{"answer":{"job":{"state":{"exited":{"code":7}}}},"id":1}"#
        ),
        (
            AgentResponse(id: 1, answer: .log(offset: 3, bytes: Data([0, 255, 10]))),
            #"{"answer":{"log":{"bytes":"AP8K","offset":3}},"id":1}"#
        ),
        (AgentResponse(id: 1, answer: .endOfLog(offset: 3)), #"{"answer":{"endOfLog":{"offset":3}},"id":1}"#),
        (AgentResponse(id: nil, answer: .refused(message: "no")), #"{"answer":{"refused":{"message":"no"}}}"#),
    ]

    @Test("answers keep their shape", arguments: responses)
    func responseShape(response: AgentResponse, json: String) throws {
        let frame = try #require(Frame.encode(response))
        #expect(String(decoding: frame.dropFirst(4), as: UTF8.self) == json)
        #expect(Frame.decode(AgentResponse.self, Array(json.utf8)) == response)
    }

    @Test("messages come out whole, however the bytes arrive", arguments: UInt64(1)...20)
    func reassembly(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let messages = (0..<30).map { _ in
            [UInt8](
                repeating: UInt8.random(in: 0...255, using: &random), count: Int.random(in: 0...9000, using: &random))
        }
        var stream = messages.flatMap { body in
            withUnsafeBytes(of: UInt32(body.count).bigEndian) { Array($0) } + body
        }[...]
        var reader = FrameReader()
        var received: [[UInt8]] = []
        while !stream.isEmpty {
            let piece = stream.prefix(Int.random(in: 1...5000, using: &random))
            stream = stream.dropFirst(piece.count)
            reader.append(piece)
            while let message = try reader.next() { received.append(message) }
        }
        #expect(received == messages)
    }

    @Test("a length beyond the limit is seen before its message is there")
    func tooLong() throws {
        var reader = FrameReader()
        reader.append([0, 16, 0, 1])
        let error = #expect(throws: FrameReader.TooLong.self) { try reader.next() }
        #expect(error?.length == AgentProtocol.messageLimit + 1)
        var atLimit = FrameReader()
        atLimit.append([0, 16, 0, 0])
        #expect(try atLimit.next() == nil)
    }

    @Test("what is too long is not even sent")
    func tooLongToSend() {
        let job = JobSpec(id: "j", run: String(repeating: "x", count: AgentProtocol.messageLimit))
        #expect(Frame.encode(AgentRequest(id: 1, call: .submit(job: job))) == nil)
    }
}

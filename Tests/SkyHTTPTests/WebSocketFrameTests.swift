import SkyCore
import Testing

@testable import SkyHTTP

@Suite("Frames of WebSockets")
struct WebSocketFrameTests {
    @Test("SHA-1 is that of FIPS 180-4, and the proof that of RFC 6455")
    func digests() {
        #expect(String(hexOf: SHA1.digest(of: Array("abc".utf8))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(String(hexOf: SHA1.digest(of: [])) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        let long = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
        #expect(String(hexOf: SHA1.digest(of: Array(long.utf8))) == "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
        #expect(WebSocketHandshake.proof(of: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test("what a client sends is masked, and the examples of RFC 6455 are what they are")
    func encoding() {
        var bytes: [UInt8] = []
        WebSocketFrame(code: .text, payload: Array("Hello".utf8)).masked(with: 0x37fa_213d, into: &bytes)
        #expect(bytes == [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58])
        for (count, header) in [(125, 6), (126, 8), (65_535, 8), (65_536, 14)] {
            bytes = []
            WebSocketFrame(code: .binary, payload: [UInt8](repeating: 7, count: count)).masked(with: 0, into: &bytes)
            #expect(bytes.count == header + count)
            #expect(bytes[header...].allSatisfy { $0 == 7 })
        }
    }

    /// As a server sends it.
    private func sent(_ code: UInt8, _ payload: [UInt8], isFinal: Bool = true) -> [UInt8] {
        let first = (isFinal ? 0x80 : 0) | code
        switch payload.count {
        case ..<126: return [first, UInt8(payload.count)] + payload
        case ..<65_536: return [first, 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)] + payload
        default: return [first, 127] + (0..<8).map { UInt8(payload.count >> (56 - 8 * $0) & 255) } + payload
        }
    }

    @Test("frames come out whole however their bytes come in", arguments: [1, 2, 3, 7, 1000, 1_000_000])
    func decoding(piece: Int) throws {
        let payloads = [0, 1, 125, 126, 65_535, 65_536].map { [UInt8](repeating: UInt8($0 & 255), count: $0) }
        let bytes = payloads.flatMap { sent(2, $0) } + sent(9, [1, 2])
        var frames = WebSocketFrames(longest: 1 << 20)
        var found: [WebSocketFrame] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            Array(bytes[start..<min(bytes.count, start + piece)]).withUnsafeBytes { frames.take($0) }
            while let frame = try frames.next() { found.append(frame) }
        }
        #expect(found.map(\.payload) == payloads + [[1, 2]])
        #expect(found.last?.code == .ping)
    }

    @Test(
        "what no server may send is refused",
        arguments: [
            [0x82, 0x81, 0, 0, 0, 0, 1], [0xc2, 0], [0x83, 0], [0x09, 0], [0x89, 126, 0, 200],
            [0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0],
        ] as [[UInt8]])
    func hostile(bytes: [UInt8]) {
        var frames = WebSocketFrames(longest: 1 << 20)
        bytes.withUnsafeBytes { frames.take($0) }
        #expect(throws: WebSocketFrames.Problem.self) { _ = try frames.next() }
    }
}

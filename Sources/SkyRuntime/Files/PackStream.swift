import FoundationEssentials
import Glibc
import SkyProcess

/// What the two ends of a pack say to each other, beside the files' own bytes.
///
/// The sender says what it brings (`PackOffer`), the receiver what it needs of it, where need be after it has heard digests
/// (`PackDigests`); then come the files that it needs, each from the byte that is wanted on, with the SHA-256 of all of it
/// behind; and the receiver says what came of it (`PackAnswer` both times). A receiver that cannot go on says so at once.
struct PackOffer {
    /// Nil when there is nothing to be sent, for the reason in `failure`.
    var manifest: PackManifest?
    var failure: HostFailure?

    private static let manifestMark: UInt8 = 1

    var encoded: [UInt8] {
        if let manifest { return [Self.manifestMark] + manifest.encoded() }
        return (try? JSONEncoder().encode(failure)).map { Array($0) } ?? []
    }

    init(manifest: PackManifest) { self.manifest = manifest }
    init(failure: HostFailure) { self.failure = failure }

    init?(encoded bytes: [UInt8]) {
        if bytes.first == Self.manifestMark {
            guard let manifest = PackManifest(encoded: bytes.dropFirst()) else { return nil }
            self.manifest = manifest
        } else {
            guard let failure = try? JSONDecoder().decode(HostFailure.self, from: Data(bytes)) else { return nil }
            self.failure = failure
        }
    }
}

struct PackAnswer: Codable {
    /// Files of the manifest, by their number among its files, whose digests (`PackDigests`) are wanted before anything else is
    /// said: the receiver has one like each of them.
    var wanted: [Int]?
    /// Files of the manifest, by their number among its files and in that order, that the receiver does not have whole; nil at
    /// the end.
    var needed: [Int]?
    /// Bytes of each of these that need not be sent again.
    var offsets: [Int64]?
    var failure: HostFailure?
}

/// The SHA-256 of the files that were asked for, in that order, 32 bytes each; zeros for one that cannot be read.
struct PackDigests: Codable {
    var digests: Data
}

/// Length-limited messages and plain bytes over two descriptors that may block. Small pieces are put together on their way: ten
/// thousand small files are few packets.
final class PackStream {
    private let input: Int32
    private let output: Int32
    private var outgoing: [UInt8] = []
    private var incoming: [UInt8] = []
    /// Bytes of `incoming` that have been handed out.
    private var consumed = 0

    /// Four bytes of length, the most significant first, and so many bytes. A manifest of a million files fits.
    static let messageLimit = 1 << 28
    private static let bufferSize = 1 << 18

    init(input: Int32, output: Int32) {
        self.input = input
        self.output = output
    }

    /// Sent when this returns, with all that was written before.
    func send(_ message: some Encodable) throws(HostFailure) {
        guard let body = try? JSONEncoder().encode(message) else { throw Self.nonsense }
        try send(bytes: Array(body))
    }

    /// The same of a message that is bytes already.
    func send(bytes body: [UInt8]) throws(HostFailure) {
        guard body.count <= Self.messageLimit else {
            throw HostFailure(.system, "too many files to be sent in one go")
        }
        withUnsafeBytes(of: UInt32(body.count).bigEndian) { outgoing.append(contentsOf: $0) }
        outgoing.append(contentsOf: body)
        try flush()
    }

    func receive<Message: Decodable>(_ type: Message.Type) throws(HostFailure) -> Message {
        guard let message = try? JSONDecoder().decode(type, from: Data(try receiveBytes())) else { throw Self.nonsense }
        return message
    }

    func receiveOffer() throws(HostFailure) -> PackOffer {
        guard let offer = PackOffer(encoded: try receiveBytes()) else { throw Self.nonsense }
        return offer
    }

    private func receiveBytes() throws(HostFailure) -> [UInt8] {
        try flush()
        let head = try read(exactly: 4)
        let length = head.reduce(0) { $0 << 8 | Int($1) }
        guard length <= Self.messageLimit else { throw Self.nonsense }
        return try read(exactly: length)
    }

    func write(_ bytes: [UInt8]) throws(HostFailure) {
        outgoing.append(contentsOf: bytes)
        if outgoing.count >= Self.bufferSize { try flush() }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(HostFailure) {
        outgoing.append(contentsOf: bytes)
        if outgoing.count >= Self.bufferSize { try flush() }
    }

    private func flush() throws(HostFailure) {
        guard !outgoing.isEmpty else { return }
        do throws(SystemError) { try Descriptor.writeAll(output, outgoing) } catch { throw Self.broken }
        outgoing.removeAll(keepingCapacity: true)
    }

    /// At least one byte.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostFailure) -> Int {
        if consumed == incoming.count { try fill() }
        let count = min(buffer.count, incoming.count - consumed)
        incoming[consumed..<(consumed + count)].withUnsafeBytes { buffer.copyMemory(from: $0) }
        consumed += count
        return count
    }

    private func fill() throws(HostFailure) {
        let descriptor = input
        consumed = 0
        incoming = [UInt8](unsafeUninitializedCapacity: Self.bufferSize) { buffer, count in
            if case .bytes(let got) = Descriptor.read(descriptor, into: UnsafeMutableRawBufferPointer(buffer)) {
                count = got
            }
        }
        if incoming.isEmpty { throw Self.broken }
    }

    func read(exactly count: Int) throws(HostFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        // No more room than has come: the length is the other side's word.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(count, 1 << 18), alignment: 16)
        defer { buffer.deallocate() }
        while bytes.count < count {
            let wanted = min(buffer.count, count - bytes.count)
            let got = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
            bytes.append(contentsOf: buffer[..<got])
        }
        return bytes
    }

    static let broken = PackEnds.broken
    private static let nonsense = HostFailure(.system, "the other side does not speak of files as this one does")
}

/// What either end of a pack may come to by itself.
public enum PackEnds {
    /// The link is gone; what came before it stays, and the next try goes on from there.
    public static let broken = HostFailure(.system, "the connection broke")
}

import CZlib
import Glibc
import SkyProcess

/// Hands on a file piece by piece, unpacked if it is gzip.
enum PieceReader {
    private static let pieceSize = 256 << 10

    struct Damaged: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: `Damaged` for a packed file that ends too early or whose checksum is wrong; `SystemError`; what `body` throws.
    static func read(_ path: String, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void) throws {
        let descriptor = try Descriptor.open(path, O_RDONLY)
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: pieceSize)
        var first = true
        var inflater: Inflater?
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError.last("read \(path)") }
            if first, count >= 2, buffer[0] == 0x1F, buffer[1] == 0x8B { inflater = try Inflater() }
            first = false
            if count == 0 { break }
            try buffer.withUnsafeBufferPointer { piece in
                let part = UnsafeBufferPointer(rebasing: piece[..<count])
                if let inflater { try inflater.take(part, body) } else { try body(part) }
            }
        }
        if let inflater, !inflater.isDone { throw Damaged(description: "the packed file ends too early") }
    }

    /// Unpacks gzip as it comes, several members one after the other too.
    private final class Inflater {
        private let stream: UnsafeMutablePointer<z_stream>
        private var output = [UInt8](repeating: 0, count: pieceSize)
        private(set) var isDone = false

        init() throws {
            // zlib keeps the address of the stream that it was given.
            stream = .allocate(capacity: 1)
            stream.initialize(to: z_stream())
            let size = Int32(MemoryLayout<z_stream>.size)
            guard inflateInit2_(stream, 16 + MAX_WBITS, ZLIB_VERSION, size) == Z_OK else {
                stream.deallocate()
                throw Damaged(description: "zlib is out of memory")
            }
        }

        deinit {
            inflateEnd(stream)
            stream.deallocate()
        }

        func take(_ piece: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void) throws {
            stream.pointee.next_in = UnsafeMutablePointer(mutating: piece.baseAddress)
            stream.pointee.avail_in = UInt32(clamping: piece.count)
            while stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0 {
                if isDone {
                    guard stream.pointee.avail_in > 0 else { return }
                    inflateReset(stream)
                    isDone = false
                }
                let status = output.withUnsafeMutableBufferPointer { buffer -> Int32 in
                    stream.pointee.next_out = buffer.baseAddress
                    stream.pointee.avail_out = UInt32(clamping: buffer.count)
                    return inflate(stream, Z_NO_FLUSH)
                }
                let count = output.count - Int(stream.pointee.avail_out)
                if count > 0 {
                    try output.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[..<count])) }
                }
                if status == Z_STREAM_END {
                    isDone = true
                } else if status != Z_OK, status != Z_BUF_ERROR {
                    throw Damaged(description: "the packed file is damaged")
                }
                if status == Z_BUF_ERROR, stream.pointee.avail_out > 0 { return }
            }
        }
    }
}

import CZlib

/// Reading and writing gzip, by the system's zlib.
enum Gzip {
    /// Nil for bytes that are not gzip, or damaged.
    static func unpacked(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= 18, bytes[0] == 0x1f, bytes[1] == 0x8b else { return nil }
        var stream = z_stream()
        // 16 asks for gzip's header and checksum.
        guard inflateInit2_(&stream, 16 + MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return nil
        }
        defer { inflateEnd(&stream) }
        // The last four bytes say how much it is, modulo 2³²; a lie costs another round, not memory.
        let tail = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        var output = [UInt8](repeating: 0, count: min(max(tail, 64), bytes.count * 1100 + 64) + 1)
        var filled = 0
        let isWhole = bytes.withUnsafeBufferPointer { input -> Bool in
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.avail_in = UInt32(clamping: input.count)
            while true {
                let status = output.withUnsafeMutableBufferPointer { buffer -> Int32 in
                    stream.next_out = buffer.baseAddress.map { $0 + filled }
                    stream.avail_out = UInt32(clamping: buffer.count - filled)
                    let status = inflate(&stream, Z_NO_FLUSH)
                    filled = buffer.count - Int(stream.avail_out)
                    return status
                }
                if status == Z_STREAM_END { return true }
                guard status == Z_OK, filled == output.count else { return false }
                output.append(contentsOf: repeatElement(0, count: output.count))
            }
        }
        guard isWhole else { return nil }
        output.removeLast(output.count - filled)
        return output
    }

    /// As small as gzip gets, and the same bytes for the same input: no name, no time. Nil when memory is exhausted.
    static func packed(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        guard
            deflateInit2_(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 64)
        let status = bytes.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { buffer -> Int32 in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(clamping: input.count)
                stream.next_out = buffer.baseAddress
                stream.avail_out = UInt32(clamping: buffer.count)
                return deflate(&stream, Z_FINISH)
            }
        }
        guard status == Z_STREAM_END else { return nil }
        output.removeLast(Int(stream.avail_out))
        return output
    }
}

import CDigest
import Glibc
public import SkyProcess
import SkyCore

/// A SHA-256 over bytes as they come, without libcrypto, which a program that runs anywhere cannot load.
public struct SHA256 {
    private var hash = sky_sha256()

    public init() { sky_sha256_begin(&hash) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        sky_sha256_update(&hash, bytes.baseAddress, bytes.count)
    }

    /// The 32 bytes of the digest of all that came.
    public consuming func digest() -> [UInt8] {
        var hash = hash
        return [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            sky_sha256_end(&hash, base)
            count = 32
        }
    }

    public static func digest(of bytes: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.digest()
    }

    /// Of a whole file.
    public static func digest(ofFile path: String) throws(SystemError) -> [UInt8] {
        let file = try Descriptor.open(path, O_RDONLY)
        defer { close(file) }
        return try digest(of: file, path, bufferSize: 1 << 18)
    }

    private static func digest(of file: Int32, _ path: String, bufferSize: Int) throws(SystemError) -> [UInt8] {
        var hash = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = read(file, buffer.baseAddress, buffer.count)
            if count == 0 { return hash.digest() }
            if count > 0 { hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            if count < 0, errno != EINTR { throw .last("read \(path)") }
        }
    }

    /// Of a file that should be so long; nil when it is not, or cannot be read.
    static func digest(ofFile path: String, size: Int64) -> [UInt8]? {
        var status = stat()
        guard let file = try? Descriptor.open(path, O_RDONLY | O_NOFOLLOW) else { return nil }
        defer { close(file) }
        guard fstat(file, &status) == 0, Int64(status.st_size) == size else { return nil }
        return try? digest(of: file, path, bufferSize: max(1, min(Int(size), 1 << 18)))
    }

    /// `0a1f…`, two digits for each byte.
    public static func hex(_ bytes: some Sequence<UInt8>) -> String { String(hexOf: bytes) }

    /// The bytes that `hex` stands for; nil for anything else.
    public static func bytes(hex: String) -> [UInt8]? {
        let digits = hex.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count % 2 == 0, !digits.contains(nil) else { return nil }
        let values = digits.compactMap { $0 }
        return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }
}

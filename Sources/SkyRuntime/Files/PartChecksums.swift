import CDigest
import FoundationEssentials

/// Makes what a store compares of the parts of a file, without libcrypto.
struct PartChecksums {
    private enum Hash {
        case sha256(SHA256)
        case md5(sky_md5)
        case crc32c(UInt32)
    }

    private let kind: SurveyOrder.Checksum
    private var hash: Hash

    init(_ kind: SurveyOrder.Checksum) {
        self.kind = kind
        hash = Self.fresh(kind)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch hash {
        case .sha256(var sum):
            sum.update(bytes)
            hash = .sha256(sum)
        case .md5(var sum):
            sky_md5_update(&sum, bytes.baseAddress, bytes.count)
            hash = .md5(sum)
        case .crc32c(let before): hash = .crc32c(sky_crc32c(before, bytes.baseAddress, bytes.count))
        }
    }

    /// Ends a part. In Base64.
    mutating func next() -> String {
        defer { hash = Self.fresh(kind) }
        switch hash {
        case .sha256(let sum): return Data(sum.digest()).base64EncodedString()
        case .md5(var sum):
            var bytes = [UInt8](repeating: 0, count: 16)
            sky_md5_end(&sum, &bytes)
            return Data(bytes).base64EncodedString()
        case .crc32c(let sum):
            return Data((0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32($0))) }).base64EncodedString()
        }
    }

    private static func fresh(_ kind: SurveyOrder.Checksum) -> Hash {
        switch kind {
        case .sha256: return .sha256(SHA256())
        case .md5:
            var sum = sky_md5()
            sky_md5_begin(&sum)
            return .md5(sum)
        case .crc32c: return .crc32c(0)
        }
    }
}

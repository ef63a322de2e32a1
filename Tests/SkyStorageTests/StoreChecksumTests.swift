import SkyCore
import SkyHTTP
import Testing

@testable import SkyStorage

@Suite("What stores compare")
struct StoreChecksumTests {
    private static let known: [([UInt8], UInt32)] = [
        ([UInt8](repeating: 0, count: 32), 0x8a91_36aa), ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
        (Array(0..<32), 0x46dd_794e), (Array("123456789".utf8), 0xe306_9283),
    ]

    /// RFC 3720, B.4, and the check value of the CRC catalogue.
    @Test(
        "CRC-32C has its published values",
        arguments: known)
    func crc32c(data: [UInt8], value: UInt32) {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
        #expect(PartHasher.checksum(.crc32c, of: data) == bytes.base64)
        // In pieces of every length it is the same.
        for cut in 0...data.count {
            var crc = CRC32C()
            data[..<cut].withUnsafeBytes { crc.update($0) }
            data[cut...].withUnsafeBytes { crc.update($0) }
            #expect(crc.base64 == bytes.base64)
        }
    }

    @Test("MD5 and SHA-256 begin anew with each part")
    func parts() {
        var hasher = PartHasher(.md5)
        for _ in 0..<2 {
            Array("abc".utf8).withUnsafeBytes { hasher.update($0) }
            #expect(hasher.next() == "kAFQmDzST7DWlj99KOF/cg==")
        }
        #expect(PartHasher.checksum(.sha256, of: []) == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    }

    @Test("dates of HTTP are written and read")
    func dates() {
        let moment = Instant(millisecondsSince1970: 1_796_031_688_000)
        #expect(moment.httpDate == "Mon, 30 Nov 2026 09:41:28 GMT")
        #expect(Instant(httpDate: moment.httpDate) == moment)
    }

    @Test("Azure's signatures cover what its documents say")
    func sharedKey() {
        let text = SharedKey.text(
            "acme", .get, "/container", [("restype", "container"), ("comp", "list"), ("timeout", "20")],
            ["x-ms-version": "2023-11-03", "x-ms-date": "Fri, 26 Jun 2015 23:39:12 GMT"], 0)
        #expect(
            text == "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2023-11-03\n"
                + "/acme/container\ncomp:list\nrestype:container\ntimeout:20")
    }
}

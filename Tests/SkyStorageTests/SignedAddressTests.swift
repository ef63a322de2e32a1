import CCrypto
import FoundationEssentials
import SkyAWS
import SkyCore
import SkyHTTP
import Testing

@testable import SkyStorage

@Suite("What is signed so that others may read")
struct SignedAddressTests {
    private static let account = "test-iam-credentials@dummy-project-id.iam.gserviceaccount.com"

    private static func signature(
        of key: String = "test-object", in bucket: String = "test-bucket",
        at endpoint: String = "https://storage.googleapis.com", on time: String = "2019-02-01T09:00:00Z",
        seconds: Int64 = 10
    ) throws -> GCSSignature {
        GCSSignature(
            of: ObjectURL(.gs, bucket: bucket, key: key), at: endpoint, by: account,
            now: try #require(Instant(iso8601: time)), lasting: .seconds(seconds))
    }

    /// https://github.com/googleapis/conformance-tests/blob/main/storage/v1/v4_signatures.json
    @Test("is what Google's conformance tests say")
    func conformance() throws {
        let cases: [(GCSSignature, String, String)] = [
            (
                try Self.signature(), "20190201",
                "00e2fb794ea93d7adb703edaebdd509821fcc7d4f1a79ac5c8d2b394df109320"
            ),
            (
                try Self.signature(on: "2019-03-01T09:00:00Z", seconds: 20), "20190301",
                "779f19fdb6fd381390e2d5af04947cf21750277ee3c20e0c97b7e46a1dff8907"
            ),
            (
                try Self.signature(of: "test-object2", in: "test-bucket2"), "20190201",
                "a139afbf35ac30e9864f63197f79609731ab1b0ca166e2a456dba156fcd3f9ce"
            ),
            (
                try Self.signature(of: "/path/with/slashes/under_score/amper&sand/file.ext"), "20190201",
                "63c601ecd6ccfec84f1113fc906609cbdf7651395f4300cecd96ddd2c35164f8"
            ),
            (
                try Self.signature(at: "http://localhost:8080"), "20190201",
                "e47446edb8eed4c1797dfd31ce30272be89659a6ef38e91b549740c8f875d27b"
            ),
            (
                try Self.signature(at: "https://xyz.googleapis.com"), "20190201",
                "4f6f519cc03e25d19fcd476d7a45bffcccdba33d10e00214a0f2debc204e2386"
            ),
        ]
        for (signature, day, digest) in cases {
            #expect(
                signature.text
                    == "GOOG4-RSA-SHA256\n\(day)T090000Z\n\(day)/auto/storage/goog4_request\n\(digest)")
        }
    }

    /// The public half of the key of those tests, and what it signed there.
    @Test("is what the key of Google's conformance tests has signed, in the same address")
    func published() throws {
        let key = """
            MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArD8zIqyKLbX0Nq8o0Jj1qHEhHhqO3+0OP7TEFx5Vxc6PdwBoFNrfnJRI/S+ZaDYS1avr5Pqp\
            p8g8+UNOMvI1VsjGM8xjTaxkVv8mmKp6pSmQstTt25pzY1exA2wv4xNWSwWNFNx2kh35+kvTQ/DF3YA9P7pUU1sKur1PP8OoubWLFO59iy5UE5dX0O/3\
            pjvZ2HAhSXsx2VWtB5nlrHR8FrKJNLJMEGEDSMz9yRfQaUeYCU9oDYHuiqKQ3rCXi6C82l+3FJw5/ggJ5y7iw8MErCFSslcYQRbBVz6ZYKWkEcJhs8BG\
            3/16bfaqNusNlDIJ99I7DmipUngF/HEulYhfrQIDAQAB
            """
        let hex = """
            95e6a13d43a1d1962e667f17397f2b80ac9bdd1669210d5e08e0135df9dff4e56113485dbe429ca2266487b9d1796ebdee2d7cf682a6ef3bb9fb\
            b4c351686fba90d7b621cf1c4eb1fdf126460dd25fa0837dfdde0a9fd98662ce60844c458448fb2b352c203d9969cb74efa4bdb742287744a4f2\
            308afa4af0e0773f55e32e92973619249214b97283b2daa14195244444e33f938138d1e5f561088ce8011f4986dda33a556412594db7c12fc40e\
            1ff3f1bedeb7a42f5bcda0b9567f17f65855f65071fabb88ea12371877f3f77f10e1466fff6ff6973b74a933322ff0949ce357e20abe96c3dd5c\
            fab42c9c83e740a4d32b9e11e146f0eb3404d2e975896f74
            """
        let digits = Array(hex)
        let signed = try stride(from: 0, to: digits.count, by: 2).map { index in
            try #require(UInt8(String(digits[index...index + 1]), radix: 16))
        }
        let signature = try Self.signature()
        let message = Array(signature.text.utf8)
        let der = Array(try #require(Data(base64Encoded: key)))
        let loaded = der.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_PUBKEY(nil, &start, bytes.count)
        }
        let context = try #require(EVP_MD_CTX_new())
        defer {
            EVP_PKEY_free(loaded)
            EVP_MD_CTX_free(context)
        }
        #expect(EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, loaded) == 1)
        #expect(EVP_DigestVerify(context, signed, signed.count, message, message.count) == 1)
        let address = """
            https://storage.googleapis.com/test-bucket/test-object?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=\
            test-iam-credentials%40dummy-project-id.iam.gserviceaccount.com%2F20190201%2Fauto%2Fstorage%2Fgoog4_request\
            &X-Goog-Date=20190201T090000Z&X-Goog-Expires=10&X-Goog-SignedHeaders=host&X-Goog-Signature=\(hex)
            """
        #expect(signature.address(with: signed).reveal() == address)
    }

    /// https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas, version 2020-12-06 and later.
    @Test("at Azure, by a key for a token, has all fields in the order of the document")
    func delegation() throws {
        let key = try #require(
            DelegationKey(
                try XMLElement(
                    parsing: Array(
                        """
                        <UserDelegationKey><SignedOid>oid</SignedOid><SignedTid>tid</SignedTid><SignedStart>2026-11-29T09:00:00Z\
                        </SignedStart><SignedExpiry>2026-11-29T15:00:00Z</SignedExpiry><SignedService>b</SignedService>\
                        <SignedVersion>2023-11-03</SignedVersion><Value>c2VjcmV0</Value></UserDelegationKey>
                        """.utf8))))
        let end = try #require(Instant(iso8601: "2026-11-29T10:11:12Z"))
        let blob = ObjectURL(.az, bucket: "acme/data", key: "in/a b.txt")
        let signature = BlobSignature("r", for: blob, of: "acme", until: end)
        let fields = [
            "r", "", "2026-11-29T10:11:12Z", "/blob/acme/data/in/a b.txt", "oid", "tid", "2026-11-29T09:00:00Z",
            "2026-11-29T15:00:00Z", "b", "2023-11-03", "", "", "", "", "", "2023-11-03", "b", "", "", "", "", "", "",
            "",
        ]
        #expect(signature.text(signedBy: key) == fields.joined(separator: "\n"))
        // Worked out with another program from those lines.
        #expect(
            signature.query(signedBy: key, of: "acme")
                == "sp=r&se=2026-11-29T10%3A11%3A12Z&sv=2023-11-03&sr=b&skoid=oid&sktid=tid&skt=2026-11-29T09%3A00%3A00Z"
                + "&ske=2026-11-29T15%3A00%3A00Z&sks=b&skv=2023-11-03&sig=kvM%2B%2FugrkrWke%2Fsr2qDcPjb76kSIEbb2EAfU9Sgxwb0%3D"
        )
    }
}

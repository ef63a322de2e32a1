import SkyStorage
import Testing

@Suite("SHA-256")
struct HashingTests {
    @Test(
        "known answers",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func known(text: String, hex: String) {
        #expect(ArtifactDigest(hashing: Array(text.utf8)).hex == hex)
        #expect("\(ArtifactDigest(hashing: Array(text.utf8)))" == "sha256:\(hex)")
    }

    @Test("pieces of any size make the same digest as the whole")
    func pieces() {
        let bytes = noise(5000)
        let whole = ArtifactDigest(hashing: bytes)
        for size in [1, 3, 63, 64, 65, 127, 1000, 4999, 5000] {
            var hasher = SHA256Hasher()
            var rest = bytes[...]
            while !rest.isEmpty {
                hasher.update(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(hasher.finalize() == whole)
        }
    }

    @Test(
        "a digest is 64 lower-case hexadecimal digits after its algorithm, and nothing else",
        arguments: ["", "sha256:", "sha256:ABC", "md5:" + String(repeating: "0", count: 64)]
            + ["sha256:" + String(repeating: "A", count: 64), "sha256:" + String(repeating: "0", count: 65)])
    func malformed(text: String) {
        #expect(ArtifactDigest(text) == nil)
    }
}

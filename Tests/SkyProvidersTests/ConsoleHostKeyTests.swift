import Testing

@testable import SkyProviders

@Suite("Host keys on a console")
struct ConsoleHostKeyTests {
    private static let block = """
        [   12.1] cloud-init[700]: Generating public/private ed25519 key pair.
        -----BEGIN SSH HOST KEY KEYS-----
        [   12.3] cloud-init[700]: ssh-ed25519 AAAAC3Nz root@one
        ecdsa-sha2-nistp256 AAAAE2Vj root@one
        no key at all
        -----END SSH HOST KEY KEYS-----
        """

    @Test("are those of the last whole block, whatever stands around them")
    func keys() {
        let keys = ["ssh-ed25519 AAAAC3Nz", "ecdsa-sha2-nistp256 AAAAE2Vj"]
        #expect(ConsoleHostKeys.keys(in: Self.block) == keys)
        #expect(ConsoleHostKeys.keys(in: Self.block.replacing("\n", with: "\r\n") + "\r\n") == keys)
        let rebooted = Self.block + "\n" + Self.block.replacing("AAAAC3Nz", with: "AAAANEW")
        #expect(ConsoleHostKeys.keys(in: rebooted).first == "ssh-ed25519 AAAANEW")
    }

    @Test("are none before the block is whole")
    func none() {
        #expect(ConsoleHostKeys.keys(in: "") == [])
        #expect(ConsoleHostKeys.keys(in: String(Self.block.prefix(200))) == [])
        // Half a block after a whole one: the keys of the first are not known to hold any more, but nothing else is known.
        #expect(ConsoleHostKeys.keys(in: Self.block + "\n-----BEGIN SSH HOST KEY KEYS-----\nssh-rsa AAAAX").count == 2)
    }
}

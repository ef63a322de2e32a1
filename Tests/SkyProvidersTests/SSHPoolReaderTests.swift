import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("ssh.yaml")
struct SSHPoolReaderTests {
    private func read(_ text: String) async throws -> SSHPools {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/ssh.yaml"
            try Files.replace(path, with: Array(text.utf8), durability: .processes)
            try Files.replace("\(folder)/key", with: [], durability: .processes)
            return try SSHPools.read(path, home: folder)
        }
    }

    private func complaints(_ text: String) async throws -> String {
        var reader = SSHPoolReader(path: "ssh.yaml", home: "/nowhere")
        _ = reader.read(Array(text.utf8))
        let error = DiagnosticsError(reader.diagnostics, sources: [SourceFile(path: "ssh.yaml", text: text)])
        return DiagnosticRenderer(sources: error.sources).render(error.diagnostics)
    }

    @Test("hosts take from their pool what they do not say themselves")
    func inheritance() async throws {
        let pools = try await read(
            """
            pools:
              rack:
                user: train
                port: 2222
                key: ~/key
                cores: 64
                memory: 512
                accelerators: A100:8
                capabilities: [infiniband, confidential]
                price: 1.20
                country: DE
                queue: 5m
                hosts:
                  - node1
                  - {name: node2, address: 10.0.0.2, peer_address: 192.168.0.2, port: 22, zone: b, price: 0}
              desk:
                hosts: [{name: tower, cores: 8, memory: 32GiB, accelerators: RTX4090}]
            """)
        let rack = try #require(pools.pool(named: "rack"))
        #expect(rack.country == "DE" && rack.queueLimit == .seconds(300))
        let (first, second) = (rack.hosts[0], rack.hosts[1])
        #expect(first.destination == "node1" && first.user == "train" && first.port == 2222)
        #expect(first.key?.hasSuffix("/key") == true)
        #expect(first.shape.machineType == "64c-512g-A100x8-confidential-infiniband")
        #expect(first.shape.pricePerHour == Money("1.20"))
        #expect(second.destination == "10.0.0.2" && second.port == 22 && second.zone == "b")
        #expect(second.peerAddress == "192.168.0.2" && second.shape.pricePerHour == .zero)
        #expect(pools.pool(named: "desk")?.queueLimit == .seconds(1200))
        let tower = try #require(pools.pool(named: "desk")?.hosts.first)
        #expect(
            tower.shape == SSHShape(cores: 8, memoryGiB: 32, accelerator: AcceleratorCount(name: "RTX4090", count: 1)))
        #expect(tower.title == "desk/tower")
    }

    @Test("no file is no pools, and neither is an empty one")
    func nothing() async throws {
        #expect(try SSHPools.read("/nowhere/ssh.yaml", home: "/").pools.isEmpty)
        #expect(try await read("").pools.isEmpty)
    }

    @Test("everything wrong with a file is said at once, with its place and the nearest name")
    func everythingAtOnce() async throws {
        let text = try await complaints(
            """
            ssh_config: relative/config
            poolz: 1
            pools:
              rack:
                identity_file: ~/key
                key: ~/.ssh/none
                coers: 8
                cores: many
                memory: 5 apples
                price: free
                port: 70000
                country: germany
                directory: "/a'b"
                accelerators: "A100:0"
                hosts: [node1, node1, -oProxyCommand=evil, {port: 22}, [x]]
              "a/b": {hosts: [x]}
              empty: {cores: 1, memory: 1}
              bare: {hosts: [node9]}
            """)
        try expectGolden(text, "ssh-yaml-mistakes.txt")
    }
}

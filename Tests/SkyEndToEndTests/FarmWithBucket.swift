import SkyProcess
import SkyTestSupport

/// Hosts elsewhere, a person who may use them, and a bucket of a real S3 server.
enum FarmWithBucket {
    /// - Parameters:
    ///   - pools: their hosts, of `m1` and `m2`.
    ///   - stores: the text of `stores.yaml`.
    static func use(
        pools: [String: [String]] = ["rack": ["m1", "m2"]], stores: (_ bucket: String) -> String,
        _ body: (SkyUnderTest, SSHFarm, LoopbackS3, _ bucket: String) async throws -> Void
    ) async throws {
        try await SSHFarm.use(2, withoutRights: true) { farm in
            try Files.makeFolder("\(farm.folder)/run", mode: 0o700)
            try await StorageTests.use { plain, server, bucket in
                let sky = plain.with(plain.variables.merging(["XDG_RUNTIME_DIR": "\(farm.folder)/run"]) { $1 })
                try Files.makeFolder("\(sky.home)/config")
                let texts = pools.map { name, hosts in
                    "\(name): {cores: 8, memory: 32, price: 0.01, hosts: [\(hosts.joined(separator: ", "))]}"
                }
                _ = try sky.write(
                    "ssh_config: \(farm.config)\npools: {\(texts.joined(separator: ", "))}\n", as: "config/ssh.yaml")
                _ = try sky.write(stores(bucket), as: "config/stores.yaml")
                try await body(sky, farm, server, bucket)
            }
        }
    }
}

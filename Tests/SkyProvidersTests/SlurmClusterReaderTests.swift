import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("slurm.yaml")
struct SlurmClusterReaderTests {
    private func read(_ text: String) async throws -> SlurmClusters {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/slurm.yaml"
            try Files.replace(path, with: Array(text.utf8), durability: .processes)
            try Files.replace("\(folder)/key", with: [], durability: .processes)
            return try SlurmClusters.read(path, home: folder)
        }
    }

    @Test("a cluster says how it is reached, and partitions what is different about them")
    func whole() async throws {
        let clusters = try await read(
            """
            clusters:
              here:
              hpc:
                host: login1
                user: alice
                port: 2222
                key: ~/key
                account: physics
                qos: normal
                time: 12h
                price: 2
                cpu_price: 0.01
                queue: 5m
                directory: /project/$USER/sky
                scratch: ~/scratch
                commands: /opt/slurm/bin
                accelerators: {a100: A100-80GB, gpu: V100}
                country: DE
                partitions:
                  - cpu
                  - {name: gpu, account: physics-gpu, price: 4, time: 2d}
            """)
        #expect(clusters.cluster(named: "here")?.login == nil)
        let hpc = try #require(clusters.cluster(named: "hpc"))
        #expect(hpc.login?.destination == "login1" && hpc.login?.user == "alice" && hpc.login?.port == 2222)
        #expect(hpc.login?.settings == "slurm.yaml" && hpc.country == "DE" && hpc.queueLimit == .seconds(300))
        #expect(hpc.directory == "/project/$USER/sky" && hpc.scratch == "$HOME/scratch")
        #expect(hpc.commands == "/opt/slurm/bin" && hpc.accelerators["gpu"] == "V100")
        let cpu = try #require(hpc.terms(in: "cpu"))
        #expect(cpu.account == "physics" && cpu.time == .seconds(12 * 3600) && cpu.pricePerHour == Money("2"))
        let gpu = try #require(hpc.terms(in: "gpu"))
        #expect(gpu.account == "physics-gpu" && gpu.qos == "normal" && gpu.time == .seconds(48 * 3600))
        #expect(gpu.pricePerHour == Money("4") && gpu.pricePerCPUHour == Money("0.01"))
        #expect(hpc.terms(in: "debug") == nil)
    }

    @Test("no file is no clusters, and neither is an empty one")
    func nothing() async throws {
        #expect(try SlurmClusters.read("/nowhere/slurm.yaml", home: "/").clusters.isEmpty)
        #expect(try await read("").clusters.isEmpty)
    }

    @Test("everything wrong with a file is said at once, with its place and the nearest name")
    func everythingAtOnce() throws {
        let text = """
            cluster: {}
            clusters:
              "a/b": {}
              hpc:
                user: alice
                walltime: 4h
                time: 10s
                queue: 3h
                price: free
                cpu_price: -1
                account: "a; rm -rf /"
                qos: --wrap
                directory: relative/sky
                scratch: "/tmp/$(id)"
                country: germany
                partitions: [gpu, gpu, {time: 2h}, {name: cpu, nmae: x}, [x]]
                accelerators: [A100]
              none: {host: -oProxyCommand=evil, key: ~/none, partitions: []}
            """
        var reader = SlurmClusterReader(path: "slurm.yaml", home: "/nowhere")
        _ = reader.read(Array(text.utf8))
        let error = DiagnosticsError(reader.diagnostics, sources: [SourceFile(path: "slurm.yaml", text: text)])
        try expectGolden(
            DiagnosticRenderer(sources: error.sources).render(error.diagnostics), "slurm-yaml-mistakes.txt")
    }
}

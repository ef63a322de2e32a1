import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyTestSupport
import Testing

@Suite("Speeds of accelerators")
struct AcceleratorSpeedTests {
    @Test("the committed figures know the accelerators that people train on, in any case")
    func committed() throws {
        let speeds = try AcceleratorSpeeds.load(root: CommittedCatalog.root)
        #expect(speeds.teraflops(of: "a100") == 312 && speeds.teraflops(of: "tpu-v5e") == 197)
        #expect(speeds.teraflops(of: "abacus") == nil)
        #expect(speeds.teraflops(of: "A6000") == speeds.teraflops(of: "RTXA6000"))
        #expect(speeds.watts["H100"] == 700 && speeds.watts["K80"] == 150 && speeds.watts["tpu-v4"] == 96)
        for name in ["T4", "V100", "L4", "A10G", "H100", "H200", "B200", "tpu-v6e", "Trainium", "Inferentia2"] {
            #expect((speeds.teraflops(of: name) ?? 0) > 10, "\(name)")
        }
    }

    @Test("mistakes are told with their place, and without the file nothing is known")
    func mistakes() async throws {
        try await withTemporaryFolder { folder in
            #expect(try AcceleratorSpeeds.load(root: folder).teraflops(of: "A100") == nil)
            let path = "\(folder)/accelerators.csv"
            let text = "name,memory_gb,tflops,watts\nA,1,1,\nA,2,2,\nB,1,fast,\nC,1,0,-3\n"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let error = #expect(throws: DiagnosticsError.self) { try AcceleratorSpeeds.load(root: folder) }
            #expect(error?.diagnostics.map { $0.range?.start.line } == [3, 4, 5, 5])
        }
    }
}

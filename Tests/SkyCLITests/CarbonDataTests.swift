import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyPlacement
import Testing

/// The figures that come with the project.
@Suite("Committed carbon figures") struct CarbonDataTests {
    private let providers = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "providers").path

    private func figures() throws -> CarbonFigures {
        func file(_ name: String) throws -> SourceFile {
            let path = "\(providers)/carbon/\(name)"
            return SourceFile(path: path, text: try String(contentsOfFile: path, encoding: .utf8))
        }
        var figures = try CarbonFigures(grid: try file("grid.csv"), power: try file("power.csv"))
        figures.addWatts(of: try AcceleratorSpeeds.load(root: providers))
        return figures
    }

    @Test("they can be read, and are of a plausible size")
    func read() throws {
        let figures = try figures()
        #expect(figures.gramsPerKWh.count > 150)
        #expect(figures.gramsPerKWh.values.allSatisfy { (0...1000).contains($0) })
        #expect(figures.wattsPerAccelerator.values.allSatisfy { (50...2000).contains($0) })
        #expect(figures.overhead.values.allSatisfy { (1...2).contains($0) })
        #expect(figures.worldGramsPerKWh == 485.99)
    }

    @Test("every region of GCP in the catalog has a figure: Google's own, or its country's")
    func google() throws {
        let figures = try figures()
        let catalog = try Catalog.load(root: providers, host: HostShape(cpus: 8, memoryGiB: 32), only: ["gcp"])
        for region in try #require(catalog.provider(named: "gcp")).regions {
            let location = Location(provider: "gcp", region: region.name)
            #expect(figures.gramsPerKWh(at: location, in: catalog.areas(of: location)) != nil, "\(region.name)")
        }
        #expect(figures.gramsPerKWh["gcp/europe-north1"] == 39.32)
        #expect(figures.gramsPerKWh["gcp/asia-southeast3"] == nil)
    }
}

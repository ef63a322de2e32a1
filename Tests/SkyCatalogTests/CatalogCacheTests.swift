import FoundationEssentials
import Glibc
import SkyCore
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyCatalog

@Suite("The cached image")
struct CatalogCacheTests {
    private final class Counter: Sendable {
        let value = Mutex(0)
        func add() { value.withLock { $0 += 1 } }
        var count: Int { value.withLock { $0 } }
    }

    private func imagePath(in folder: String) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".image") }
        return "\(folder)/\(try #require(names.first))"
    }

    private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    @Test("an image is made once for one state of the files, and again for another")
    func once() async throws {
        try await withTemporaryFolder { folder in
            let cache = CatalogCache(folder: "\(folder)/a/b", key: "k")
            let builds = Counter()
            func load(_ stamp: String) -> ImageBytes {
                cache.image(stamp: stamp) {
                    builds.add()
                    return CatalogDraft().image(stamp: stamp)
                }
            }
            for _ in 0..<3 { _ = load("one") }
            #expect(builds.count == 1)
            _ = load("two")
            #expect(builds.count == 2)
        }
    }

    @Test("of many builders at once one builds, and all get the whole image")
    func concurrent() async throws {
        try await withTemporaryFolder { folder in
            let builds = Counter()
            let digests = await withTaskGroup(of: String.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        let image = CatalogCache(folder: folder, key: "k").image(stamp: "s") {
                            builds.add()
                            var draft = CatalogDraft()
                            draft.digest = "whole"
                            return draft.image(stamp: "s")
                        }
                        return (try? Catalog(image, settings: CatalogSettings()).digest) ?? "damaged"
                    }
                }
                var digests: Set<String> = []
                for await digest in group { digests.insert(digest) }
                return digests
            }
            #expect(digests == ["whole"] && builds.count == 1)
        }
    }

    @Test("where nothing can be written it is made in memory each time")
    func unwritable() {
        let builds = Counter()
        let cache = CatalogCache(folder: "/dev/null/cache", key: "k")
        for _ in 0..<2 {
            let image = cache.image(stamp: "s") {
                builds.add()
                return CatalogDraft().image(stamp: "s")
            }
            #expect(throws: Never.self) { try Catalog(image, settings: CatalogSettings()) }
        }
        #expect(builds.count == 2)
    }

    enum Damage: CaseIterable { case flipped, truncated, emptied, otherVersion, lengthened }

    @Test("a damaged image is noticed and made again", arguments: Damage.allCases)
    func damaged(_ damage: Damage) async throws {
        try await withTemporaryFolder { folder in
            let root = "\(folder)/providers"
            try SmallFolder.write(to: root)
            func load() throws -> Catalog {
                try Catalog.load(root: root, cache: "\(folder)/cache", host: HostShape(cpus: 1, memoryGiB: 1))
            }
            _ = try load()
            let path = try imagePath(in: "\(folder)/cache")
            let good = try bytes(path)
            var bad = good
            switch damage {
            case .flipped: bad[bad.count / 2] ^= 4
            case .truncated: bad.removeLast(bad.count / 3)
            case .emptied: bad = []
            case .otherVersion: bad[8] &+= 1
            case .lengthened: bad.append(0)
            }
            try Data(bad).write(to: URL(filePath: path))
            #expect(try load().offers(for: ResourceRequest()).map(\.instanceType) == ["small"])
            #expect(try bytes(path) == good)
        }
    }

    @Test("no flipped bit and no missing byte gets through")
    func everyBit() throws {
        let catalog = SmallCatalog.draft
        let good = catalog.image(stamp: "s")
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            var bad = good
            let place = Int.random(in: 0..<bad.count, using: &generator)
            // Four bytes of the header mean nothing.
            guard !(12..<16).contains(place) else { continue }
            bad[place] ^= UInt8(1 << Int.random(in: 0..<8, using: &generator))
            #expect(throws: DamagedImage.self) { try ImageReader(ImageBytes(copying: bad)) }
        }
        for length in stride(from: 0, to: good.count, by: 97) {
            #expect(throws: DamagedImage.self) { try ImageReader(ImageBytes(copying: Array(good.prefix(length)))) }
        }
    }

    @Test("a head that is cut off anywhere is damage, not a crash")
    func shortHeads() throws {
        let whole = Array(SmallCatalog.draft.image(stamp: "s"))
        var reader = try ImageReader(ImageBytes(copying: whole))
        #expect(try reader.text() == "s")
        var image = ImageWriter()
        image.text("stamp")
        image.integer(-5)
        var broken = try ImageReader(ImageBytes(copying: image.finished()))
        _ = try broken.text()
        #expect(throws: DamagedImage.self) { try broken.texts() }
        #expect(throws: DamagedImage.self) { try broken.column(of: Int64.self) }
    }

    @Test("a change of any file is noticed, a person's own included")
    func changes() async throws {
        try await withTemporaryFolder { folder in
            let (root, user) = ("\(folder)/providers", "\(folder)/user")
            try SmallFolder.write(to: root)
            func price() throws -> [String] {
                try Catalog.load(
                    root: root, user: user, cache: "\(folder)/cache", host: HostShape(cpus: 1, memoryGiB: 1)
                ).offers(for: ResourceRequest()).map(\.pricePerHour.exactDecimal)
            }
            #expect(try price() == ["0.1"])
            try SmallFolder.write(["cloud/provider.yaml": "name: cloud\ndiscounts: [{percent: 10}]\n"], to: user)
            #expect(try price() == ["0.09"])
            try SmallFolder.write(["cloud/provider.yaml": "name: cloud\ndiscounts: [{percent: 50}]\n\n"], to: user)
            #expect(try price() == ["0.05"])
        }
    }

    @Test("the digest tells contents apart, and nothing else")
    func digests() async throws {
        try await withTemporaryFolder { folder in
            func digest(_ name: String, _ files: [String: String]) throws -> String {
                try SmallFolder.write(to: "\(folder)/\(name)")
                try SmallFolder.write(files, to: "\(folder)/\(name)")
                return try Catalog.load(
                    root: "\(folder)/\(name)", cache: "\(folder)/cache", host: HostShape(cpus: 1, memoryGiB: 1)
                ).digest
            }
            let plain = try digest("a", [:])
            #expect(try digest("b", [:]) == plain)
            #expect(try digest("c", ["cloud/egress.csv": "from_region,to,usd_per_gb\n*,*,0.08\n"]) != plain)
        }
    }
}

/// A folder of one provider with one machine.
enum SmallFolder {
    static let files = [
        "cloud/provider.yaml": "name: cloud\nregions: {east: {country: US}, west: {country: DE}}\n",
        "cloud/offers.csv": "instance_type,region,cpus,memory_gib,price\nsmall,east,2,8,0.1\n",
        "cloud/egress.csv": "from_region,to,usd_per_gb\n*,*,0.09\n",
    ]

    static func write(_ files: [String: String] = Self.files, to root: String) throws {
        for (path, text) in files {
            let url = URL(filePath: "\(root)/\(path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
    }
}

import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyMarket

@Suite("Where refreshed prices are kept")
struct PriceStoreTests {
    private struct Death: Error {}

    private func files(_ text: String) -> [(name: String, bytes: [UInt8])] {
        [("provider.yaml", Array("name: \(text)\n".utf8)), ("offers.csv", Array("\(text)\n".utf8))]
    }

    private func content(_ folder: String) throws -> [String] {
        guard let version = RefreshedOffers.folder(of: "aws", in: folder) else { return [] }
        return try ["provider.yaml", "offers.csv"].map {
            try String(contentsOfFile: "\(version)/\($0)", encoding: .utf8)
        }
    }

    @Test("whoever dies while prices are replaced leaves the old ones or the new ones, never a mixture")
    func deaths() async throws {
        let steps = ["make", "write provider.yaml", "write offers.csv", "rename", "link", "switch", "sweep"]
        for fatal in steps {
            try await withTemporaryFolder { folder in
                let store = PriceStore(folder: folder)
                try store.install("aws", files("old"), at: MarketFixture.now)
                #expect(throws: FeedFailure.self) {
                    try store.install("aws", files("new"), at: MarketFixture.now + TimeSpan(milliseconds: 1)) { step in
                        if step == fatal { throw Death() }
                    }
                }
                let expected = fatal == "sweep" ? "new" : "old"
                #expect(try content(folder) == ["name: \(expected)\n", "\(expected)\n"], "\(fatal)")
                // The next one is not in the way of what the dead one left, and takes it away.
                try store.install("aws", files("next"), at: MarketFixture.now + TimeSpan(milliseconds: 2))
                #expect(try content(folder) == ["name: next\n", "next\n"])
                let left = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/.versions")
                #expect(left.count == 2 && left.allSatisfy { $0.hasPrefix("aws.") }, "\(left)")
            }
        }
    }

    @Test("going back takes refreshed prices away, and says whether there were any")
    func revert() async throws {
        try await withTemporaryFolder { folder in
            let store = PriceStore(folder: folder)
            #expect(try !store.revert("aws"))
            try store.install("aws", files("new"), at: MarketFixture.now)
            #expect(RefreshedOffers.moment(of: "aws", in: folder) == MarketFixture.now)
            #expect(RefreshedOffers.providers(in: folder) == ["aws"])
            #expect(try store.revert("aws"))
            #expect(try content(folder).isEmpty && RefreshedOffers.providers(in: folder).isEmpty)
        }
    }
}

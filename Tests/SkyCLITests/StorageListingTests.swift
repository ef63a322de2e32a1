import SkyCore
import Testing

@testable import SkyCLI
@testable import SkyStorage

@Suite("What sky storage ls shows")
struct StorageListingTests {
    @Test("buckets that sky made are marked, by their tag or by this installation's own records")
    func made() throws {
        let urls = try ["s3://tagged", "s3://recorded", "s3://foreign"].map { try #require(ObjectURL($0)) }
        var buckets = urls.map { StoredBucket(url: $0, made: nil) }
        buckets[0].isOurs = true
        let listing = StorageListing(buckets: buckets, made: [urls[1]])
        let lines = listing.lines(width: 80).map { $0.spans.map(\.text).joined() }
        #expect(lines.count == 4)
        #expect(lines[1].hasSuffix("s3://tagged (made by sky)") && lines[2].hasSuffix("s3://recorded (made by sky)"))
        #expect(lines[3].hasSuffix("s3://foreign"))
    }
}

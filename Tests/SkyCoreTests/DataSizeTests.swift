import SkyCore
import SkyTestSupport
import Testing

@Suite("Amounts of data")
struct DataSizeTests {
    @Test(
        "are read from",
        arguments: [
            ("40GB", 40_000_000_000), ("1.5 TiB", 1_649_267_441_664), ("512 MB", 512_000_000), ("0B", 0), ("7b", 7),
            ("1kib", 1024), ("1KB", 1000), ("2mIb", 2 << 20), (".5GiB", 1 << 29), ("0.0000005KB", 0), ("0.0005KB", 1),
            ("1PB", 1_000_000_000_000_000), ("1PiB", 1 << 50), ("8191.999PiB", 9_223_370_910_954_868_965),
            ("10737418240B", 10_737_418_240), ("9223372036854775807B", Int64.max), (" 3MB", 3_000_000),
        ])
    func good(text: String, bytes: Int64) {
        #expect(DataSize(text)?.bytes == bytes)
    }

    @Test(
        "are not read from",
        arguments: [
            "", "40", "GB", "40G", "-1GB", "1.2.3GB", "1,5GB", "1e3GB", "40 GB x", "40GBs", "GB40", "1.GB", ".GB",
            "9223372036854775808B", "9999999PB", "0.0000000001GB", "4 0GB", "４GB", "∞GB", "40\nGB",
        ])
    func bad(text: String) {
        #expect(DataSize(text) == nil)
    }

    @Test(
        "are shown with three figures",
        arguments: [
            (0, "0 B"), (1, "1 B"), (812, "812 B"), (999, "999 B"), (1000, "1.00 KB"), (1005, "1.00 KB"),
            (9994, "9.99 KB"),
            (9995, "10.0 KB"), (12_000, "12.0 KB"), (99_949, "99.9 KB"), (99_950, "100 KB"), (999_499, "999 KB"),
            (999_500, "1.00 MB"), (999_950, "1.00 MB"), (1_500_000_000, "1.50 GB"), (999_499_999, "999 MB"),
            (999_500_000, "1.00 GB"), (999_500_000_000_000, "1.00 PB"), (Int64.max, "9223 PB"), (-1500, "-1.50 KB"),
            (-12, "-12 B"), (Int64.min, "-9223 PB"),
        ])
    func shown(bytes: Int64, text: String) {
        #expect("\(DataSize(bytes: bytes))" == text)
    }

    @Test("what is shown is never off by more than half of its last figure, and never 1000 of a unit but the last")
    func nearest() throws {
        var generator = SeededGenerator(seed: 1)
        let units: [String: Double] = ["B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15]
        for _ in 0..<5_000 {
            let size = DataSize(bytes: generator.integer())
            let parts = "\(size)".split(separator: " ")
            let (value, unit) = (try #require(Double(parts[0])), try #require(units[String(parts[1])]))
            let decimals = parts[0].split(separator: ".").dropFirst().first?.count ?? 0
            let step = [1, 0.1, 0.01][decimals] * unit
            #expect((value * unit - Double(size.bytes)).magnitude <= step * 0.5000001, "\(size.bytes) shown as \(size)")
            #expect(value.magnitude < 1000 || parts[1] == "PB")
        }
    }

    @Test("sums stop at the ends")
    func sums() {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<5_000 {
            let (a, b) = (generator.integer(), generator.integer())
            #expect((DataSize(bytes: a) + DataSize(bytes: b)).bytes == Int64(clamping: Int128(a) + Int128(b)))
        }
    }

    @Test("every unit that messages offer can be read")
    func unitNames() {
        for name in DataSize.unitNames {
            #expect(DataSize("1\(name)") != nil && DataSize("2 \(name.lowercased())") != nil)
        }
    }

    @Test(
        "numbers with fixed decimals",
        arguments: [
            (1.25, 1, "1.3"), (-1.25, 1, "-1.3"), (0.04, 1, "0.0"), (-0.04, 1, "0.0"), (2.5, 0, "3"),
            (99.999, 2, "100.00"),
            (Double.infinity, 1, "inf"), (Double.nan, 2, "nan"), (1e300, 1, "1e+300"), (7, -1, "7"), (0.007, 2, "0.01"),
        ])
    func fixedDecimals(value: Double, decimals: Int, text: String) {
        #expect(fixed(value, decimals: decimals) == text)
    }

    @Test(
        "counts without useless fractions",
        arguments: [(8, "8"), (0.5, "0.5"), (0, "0"), (-0.0, "0"), (1e20, "1e+20"), (.infinity, "inf"), (.nan, "nan")])
    func trimmedCounts(value: Double, text: String) {
        #expect(trimmed(value) == text)
    }
}

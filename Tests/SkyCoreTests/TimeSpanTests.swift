import SkyCore
import SkyTestSupport
import Testing

@Suite("Lengths of time")
struct TimeSpanTests {
    @Test(
        "are read from",
        arguments: [
            ("2h", 7_200_000), ("90m", 5_400_000), ("45s", 45_000), ("1.5h", 5_400_000), ("1h30m", 5_400_000),
            ("500ms", 500),
            ("2d", 172_800_000), ("1w", 604_800_000), ("1h 30m 5s", 5_405_000), ("1 h", 3_600_000),
            ("1H30M", 5_400_000),
            ("0s", 0), (".5s", 500), ("0.0004s", 0), ("0.0005s", 1), ("30m1h", 5_400_000),
            ("20000000000ms", 20_000_000_000),
            ("9223372036854775807ms", Int64.max),
        ])
    func good(text: String, milliseconds: Int64) {
        #expect(TimeSpan(text)?.milliseconds == milliseconds)
    }

    @Test(
        "are not read from",
        arguments: [
            "", "2", "h", "2x", "2 hours", "-2h", "1h-30m", "2h!", "1..5h", "1.h", "1e3s", "2h30", "h2", " ", "٢h",
            "1y",
            "9223372036854775808ms", "9223372036854775807ms1ms", "99999999999w", "2h,30m", " 2h",
        ])
    func bad(text: String) {
        #expect(TimeSpan(text) == nil)
    }

    @Test(
        "are shown by the two largest units that matter",
        arguments: [
            (0, "0ms"), (350, "350ms"), (999, "999ms"), (1000, "1s"), (1500, "1.5s"), (1040, "1s"), (1050, "1.1s"),
            (9940, "9.9s"), (9950, "10s"), (9999, "10s"), (12_000, "12s"), (59_499, "59s"), (59_500, "1m"),
            (59_600, "1m"),
            (60_000, "1m"), (245_000, "4m 05s"), (3_599_499, "59m 59s"), (3_599_500, "1h"), (3_600_000, "1h"),
            (7_800_000, "2h 10m"), (3_900_000, "1h 05m"), (86_369_999, "23h 59m"), (86_370_000, "1d"),
            (86_400_000, "1d"),
            (273_600_000, "3d 4h"), (98_969_999, "1d 3h"), (98_999_999, "1d 3h"), (99_000_000, "1d 4h"),
            (-1500, "-1.5s"),
            (-245_000, "-4m 05s"), (Int64.max, "106751991167d 7h"), (Int64.min, "-106751991167d 7h"),
        ])
    func shown(milliseconds: Int64, text: String) {
        #expect("\(TimeSpan(milliseconds: milliseconds))" == text)
    }

    @Test("what is shown is read back to within half of its last unit")
    func nearest() throws {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<5_000 {
            let span = TimeSpan(milliseconds: Int64(generator.next() >> (24 + generator.next() % 40)))
            let text = "\(span)"
            let back = try #require(TimeSpan(text))
            let last: Int64 =
                text.hasSuffix("ms") ? 0 : text.contains("d") ? 3_600_000 : text.contains("h") ? 60_000 : 1000
            #expect(
                (back.milliseconds - span.milliseconds).magnitude * 2 <= last.magnitude, "\(span.milliseconds): \(text)"
            )
        }
    }

    @Test("sums, differences and seconds stop at the ends, moments too")
    func saturation() {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<10_000 {
            let (a, b) = (generator.integer(), generator.integer())
            let (x, y) = (TimeSpan(milliseconds: a), TimeSpan(milliseconds: b))
            let sum = Int64(clamping: Int128(a) + Int128(b))
            let difference = Int64(clamping: Int128(a) - Int128(b))
            #expect((x + y).milliseconds == sum && (x - y).milliseconds == difference, "\(a), \(b)")
            #expect(TimeSpan.seconds(a).milliseconds == Int64(clamping: Int128(a) * 1000))
            let (start, end) = (Instant(millisecondsSince1970: a), Instant(millisecondsSince1970: b))
            #expect((start - end).milliseconds == difference && (start + y).millisecondsSince1970 == sum)
        }
    }
}

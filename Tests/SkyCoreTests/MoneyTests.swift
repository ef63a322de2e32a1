import SkyCore
import SkyTestSupport
import Testing

@Suite("Money")
struct MoneyTests {
    @Test("sums, differences and multiples are those of wider integers, stopped at the ends")
    func arithmetic() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<15_000 {
            let (a, b) = (generator.integer(), generator.integer())
            let (x, y) = (Money(nanodollars: a), Money(nanodollars: b))
            #expect((x + y).nanodollars == Int64(clamping: Int128(a) + Int128(b)), "\(a) + \(b)")
            #expect((x - y).nanodollars == Int64(clamping: Int128(a) - Int128(b)), "\(a) - \(b)")
            #expect((x * Int(b)).nanodollars == Int64(clamping: Int128(a) * Int128(b)), "\(a) × \(b)")
        }
    }

    @Test("shares are rounded to the nearest, halves away from zero")
    func scaled() {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<15_000 {
            let (a, b, c) = (generator.integer(), generator.integer(), generator.integer())
            guard c != 0 else { continue }
            let got = Int128(Money(nanodollars: a).scaled(by: b, over: c).nanodollars)
            // The nearest whole q to p ÷ d is the one with |2p - 2qd| ≤ |d|, and on a tie the one further out.
            let (p, d) = (Int128(a) * Int128(b), Int128(c))
            let exact = p / d
            if Int64(exactly: exact) == nil {
                #expect(got == Int128(Int64(clamping: exact)), "\(a) × \(b) ÷ \(c)")
                continue
            }
            let distance = (p - got * d).magnitude
            let isClamped = got == Int128(Int64.max) || got == Int128(Int64.min)
            #expect(distance <= d.magnitude - distance || isClamped, "\(a) × \(b) ÷ \(c) = \(got)")
            if distance * 2 == d.magnitude { #expect(got.magnitude >= exact.magnitude, "\(a) × \(b) ÷ \(c)") }
        }
    }

    @Test("a division by zero goes to the end of the range, and nothing times anything is nothing")
    func byZero() {
        #expect(Money(nanodollars: 5).scaled(by: 1, over: 0) == .max)
        #expect(Money(nanodollars: -5).scaled(by: 1, over: 0).nanodollars == .min)
        #expect(Money.zero.scaled(by: 7, over: 0) == .zero)
        #expect(Money.max.scaled(by: .max, over: 1) == .max)
        #expect(Money.max.scaled(by: .min, over: 1).nanodollars == .min)
        #expect(Money(nanodollars: .min).scaled(by: 1, over: -1) == .max)
    }

    @Test("prices per hour and per gigabyte")
    func prices() {
        let price = Money(nanodollars: 3_600_000)
        #expect(price.perHour(for: .hour) == price)
        #expect(price.perHour(for: TimeSpan(milliseconds: 1)).nanodollars == 1)
        #expect(price.perHour(for: .zero) == .zero)
        #expect(Money("0.09")?.perGigabyte(for: DataSize(bytes: 40_000_000_000)) == Money("3.60"))
        #expect(Money(nanodollars: 1).perGigabyte(for: DataSize(bytes: 500_000_000)).nanodollars == 1)
        #expect(Money(nanodollars: 1).perGigabyte(for: DataSize(bytes: 499_999_999)).nanodollars == 0)
    }

    @Test("a total is the sum of its parts, however it is cut")
    func total() {
        var generator = SeededGenerator(seed: 3)
        let parts = (0..<1000).map { _ in Money(nanodollars: Int64(generator.next() % 1_000_000_000_000)) }
        let total = parts.reduce(.zero, +)
        #expect(total == parts.shuffled(using: &generator).reduce(.zero, +))
        #expect(total.nanodollars == parts.map(\.nanodollars).reduce(0, +))
    }

    @Test(
        "is read from",
        arguments: [
            ("0", 0), ("12", 12_000_000_000), ("$12.50", 12_500_000_000), (".0042", 4_200_000), ("$.5", 500_000_000),
            ("0.000000001", 1), ("007", 7_000_000_000), ("9223372036.854775807", Int64.max), ("$0", 0),
        ])
    func good(text: String, nanodollars: Int64) {
        #expect(Money(text)?.nanodollars == nanodollars)
        #expect(Money(text[...])?.nanodollars == nanodollars)
    }

    @Test(
        "is not read from",
        arguments: [
            "", "$", ".", "$.", "1.", "-1", "+1", "1e3", "1,000", " 1", "1 ", "$ 1", "$$1", "1$", "0.0000000001",
            "1.2.3",
            "9223372036.854775808", "99999999999999999999999999999999", "١", "½", "0x10", "NaN", "inf", "1\u{0}",
        ])
    func bad(text: String) {
        #expect(Money(text) == nil)
    }

    @Test("what is written exactly is read back, for any amount")
    func roundTrip() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<5_000 {
            let money = Money(nanodollars: generator.integer())
            let text = money.exactDecimal
            #expect(!text.hasSuffix("0") || !text.contains("."))
            if money.nanodollars >= 0 {
                #expect(Money(text) == money)
            } else if money.nanodollars > .min {
                #expect(Money(text.dropFirst())?.nanodollars == -money.nanodollars)
            }
        }
        #expect(Money(nanodollars: .min).exactDecimal == "-9223372036.854775808")
        #expect(Money("0.0765")?.exactDecimal == "0.0765" && Money("5.0")?.exactDecimal == "5")
    }

    @Test(
        "is shown rounded, in groups of thousands",
        arguments: [
            (0, 2, "$0.00"), (1_234_567_000_000, 2, "$1,234.57"), (4_999_999, 2, "$0.00"), (5_000_000, 2, "$0.01"),
            (994_999_999, 2, "$0.99"), (995_000_000, 2, "$1.00"), (999_995_000_000, 2, "$1,000.00"),
            (-1_500_000_000, 2, "-$1.50"), (-4_000_000, 2, "$0.00"), (-5_000_000, 2, "-$0.01"), (500_000_000, 0, "$1"),
            (499_999_999, 0, "$0"), (1, 9, "$0.000000001"), (76_500_000, 4, "$0.0765"), (76_550_000, 4, "$0.0766"),
            (12_345_678_000_000_000, 0, "$12,345,678"), (1_000_000_000_000, 2, "$1,000.00"),
            (1_000_001_000_000_000, 2, "$1,000,001.00"), (Int64.max, 2, "$9,223,372,036.85"),
            (Int64.min, 9, "-$9,223,372,036.854775808"), (1_500_000_000, -1, "$2"), (1_500_000_000, 12, "$1.500000000"),
        ])
    func shown(nanodollars: Int64, decimals: Int, text: String) {
        #expect(Money(nanodollars: nanodollars).formatted(decimals: decimals) == text)
        if decimals == 2 { #expect("\(Money(nanodollars: nanodollars))" == text) }
    }

    @Test("shown amounts are the nearest, against exact arithmetic")
    func nearest() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<5_000 {
            let amount = generator.integer()
            let decimals = Int(generator.next() % 10)
            let text = Money(nanodollars: amount).formatted(decimals: decimals)
            let digits = text.filter { $0.isNumber }
            var unit: Int128 = 1
            for _ in decimals..<9 { unit *= 10 }
            let shown = (Int128(digits) ?? -1) * unit * (text.hasPrefix("-") ? -1 : 1)
            #expect((shown - Int128(amount)).magnitude * 2 <= unit.magnitude, "\(amount) shown as \(text)")
        }
    }
}

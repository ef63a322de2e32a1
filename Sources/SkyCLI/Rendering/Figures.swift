import SkyCore

/// Money, time and counts as every screen writes them.
enum Figures {
    /// A price per hour: cents, or as many decimals as a price below a dollar needs to be told from its neighbours.
    static func hourly(_ price: Money) -> String {
        price.nanodollars.magnitude >= 1_000_000_000 || price == .zero
            ? price.formatted(decimals: 2) : price.formatted(decimals: 4)
    }

    /// An amount: cents, and four decimals when cents would hide it.
    static func amount(_ money: Money) -> String {
        let isHidden = money.nanodollars.magnitude < 10_000_000 && money != .zero
        guard isHidden else { return money.formatted(decimals: 2) }
        return money.nanodollars.magnitude < 50_000 ? "<$0.0001" : money.formatted(decimals: 4)
    }

    /// What a gigabyte of this transfer costs; nil when its size is unknown.
    static func perGigabyte(_ cost: Money, for size: DataSize) -> Money? {
        size.bytes > 0 ? cost.scaled(by: 1_000_000_000, over: size.bytes) : nil
    }

    /// `+$1.20` or `-$0.05`
    static func difference(_ money: Money) -> String {
        let sign = money < .zero ? "-" : "+"
        return sign + amount(Money(nanodollars: Int64(clamping: money.nanodollars.magnitude)))
    }

    /// `1 stage`, `3 stages`
    static func count(_ number: Int, _ noun: String) -> String { "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")" }

    /// `1 try`, `3 tries`
    static func count(_ number: Int, _ noun: String, _ plural: String) -> String {
        "\(grouped(number)) \(number == 1 ? noun : plural)"
    }

    /// `1st`, `2nd`, `3rd`, `11th`
    static func ordinal(_ number: Int) -> String {
        let isTeen = (11...13).contains(number % 100)
        let ending = isTeen ? "th" : [1: "st", 2: "nd", 3: "rd"][number % 10] ?? "th"
        return "\(grouped(number))\(ending)"
    }

    /// `12,345`
    static func grouped(_ number: Int) -> String { groupedByThousands(UInt64(max(number, 0))) }

    /// Time that is running: whole seconds, so that it does not flicker.
    static func clock(_ span: TimeSpan) -> String {
        span < .seconds(1) ? "0s" : TimeSpan.seconds(span.milliseconds / 1000).description
    }

    /// As people write deadlines: `60h`, not two days and a half; `90m` is `1h 30m`.
    static func hours(_ span: TimeSpan) -> String {
        let (whole, rest) = span.milliseconds.quotientAndRemainder(dividingBy: TimeSpan.hour.milliseconds)
        return rest == 0 ? "\(whole)h" : span.description
    }

    /// `just now`, `5m ago`, `3h ago`, `2d ago`
    static func ago(_ moment: Instant, at now: Instant) -> String {
        let seconds = max(0, (now - moment).milliseconds / 1000)
        switch seconds {
        case ..<5: return "just now"
        case ..<60: return "\(seconds)s ago"
        case ..<3600: return "\(seconds / 60)m ago"
        case ..<86_400: return "\(seconds / 3600)h ago"
        default: return "\(seconds / 86_400)d ago"
        }
    }

    /// `aws`, `aws and gcp`, `aws, azure and gcp`
    static func list(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }
}

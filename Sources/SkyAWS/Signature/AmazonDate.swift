import SkyCore

/// A moment as signatures carry it: `20150830T123600Z`.
struct AmazonDate {
    /// `20150830`
    let day: String
    /// `20150830T123600Z`
    let full: String

    init(_ moment: Instant) {
        let seconds = Self.quotient(moment.millisecondsSince1970, 1000)
        let days = Self.quotient(seconds, 86_400)
        let time = seconds - days * 86_400
        let (year, month, dayOfMonth) = Self.calendar(days)
        day = Self.digits(year, 4) + Self.digits(month, 2) + Self.digits(dayOfMonth, 2)
        full = "\(day)T\(Self.digits(time / 3600, 2))\(Self.digits(time / 60 % 60, 2))\(Self.digits(time % 60, 2))Z"
    }

    /// Rounds down, also below zero.
    private static func quotient(_ value: Int64, _ divisor: Int64) -> Int64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }

    private static func digits(_ value: Int64, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    /// From days since 1970. Years are counted from March, so that the leap day is a year's last, in eras of 400 years.
    private static func calendar(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = quotient(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * fromMarch + 2) / 5 + 1)
    }
}

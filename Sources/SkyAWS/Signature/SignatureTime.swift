public import SkyCore

/// A moment as signatures of AWS, and those of Google that are like them, carry it.
public struct SignatureTime: Sendable {
    /// `20150830`
    public let day: String
    /// `20150830T123600Z`
    public let full: String

    public init(_ moment: Instant) {
        let seconds = Self.quotient(moment.millisecondsSince1970, 1000)
        let days = Self.quotient(seconds, 86_400)
        let time = seconds - days * 86_400
        day = CalendarDay(number: Int(days)).description.replacing("-", with: "")
        let digits = [time / 3600, time / 60 % 60, time % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        full = "\(day)T\(digits.joined())Z"
    }

    /// Rounds down, also below zero.
    private static func quotient(_ value: Int64, _ divisor: Int64) -> Int64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

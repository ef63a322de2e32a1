import SkyCore
import SkySpec

/// What has become of a budget so far. The meter itself is no state: it follows from what was held and when.
struct BudgetState: Hashable, Sendable {
    let rule: Budget
    /// What may be spent now: more than the rule says once a person has agreed to it.
    private(set) var limit: Money
    /// A fifth of it or less is left, and that was said.
    private(set) var hasWarned = false
    private(set) var isSpent = false
    /// When something is due if nothing else happens; nil while nothing is held.
    private(set) var nextAt: Instant?
    /// Changes of the meter so far: tells a late ring from the one that is waited for.
    private(set) var readings = 0
    /// Times that a person was asked.
    private(set) var questions = 0
    private(set) var isAsking = false
    private(set) var askedAt: Instant?

    enum Notice: Hashable { case warned, spent }

    init?(_ rule: Budget?) {
        guard let rule else { return nil }
        self.rule = rule
        limit = rule.limit
    }

    /// - Parameters:
    ///   - spent: until `at`.
    ///   - rate: what an hour costs from then on.
    mutating func read(spent: Money, rate: Money, at: Instant) -> Notice? {
        readings += 1
        var notice: Notice?
        if !hasWarned, spent >= warningLevel {
            hasWarned = true
            notice = .warned
        }
        if !isSpent, spent >= limit {
            isSpent = true
            notice = .spent
        }
        let level = isSpent ? nil : hasWarned ? limit : warningLevel
        nextAt = level.flatMap { Self.moment(when: $0, is: spent, rate, at) }
        return notice
    }

    private var warningLevel: Money { limit.scaled(by: 4, over: 5) }

    private static func moment(when level: Money, is spent: Money, _ rate: Money, _ at: Instant) -> Instant? {
        guard rate > .zero, level > spent else { return nil }
        let missing = Int128((level - spent).nanodollars) * 3_600_000
        let milliseconds = (missing + Int128(rate.nanodollars) - 1) / Int128(rate.nanodollars)
        return at + TimeSpan(milliseconds: Int64(clamping: milliseconds))
    }

    mutating func ask(at: Instant) {
        askedAt = at
        questions += 1
        isAsking = true
    }

    /// As much again may be spent.
    mutating func extend() {
        limit = limit + rule.limit
        (hasWarned, isSpent, isAsking) = (false, false, false)
    }

    mutating func giveUp() { isAsking = false }
}

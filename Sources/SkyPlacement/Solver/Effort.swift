/// How long the solver may look for one answer.
public enum Effort: Sendable {
    /// So many elementary steps, a few nanoseconds each: the same problem has the same answer on every machine.
    case steps(Int)
    /// Until the function says that time is up. It is asked about a thousand times a second.
    case until(@Sendable () -> Bool)

    /// As long as it takes to prove the best plan of a chain, a tree, a series-parallel pipeline or whatever else comes
    /// apart as these do, and of nearly all narrow ones: a few milliseconds for most, some seconds for a few; a minute or so at
    /// most (8,000 million steps). Two seconds or so at most (100 million steps) for other pipelines, and for a whole front.
    case standard

    static let standardSteps = 100_000_000
    static let stepsOfProofs = 8_000_000_000
}

/// Counts down what an effort allows.
struct Meter {
    private var left: Int
    private var untilLook = Self.slice
    private let isTimeUp: (@Sendable () -> Bool)?
    private(set) var isOver: Bool

    /// Steps between two looks at the clock.
    private static let slice = 200_000

    init(_ effort: Effort) {
        switch effort {
        case .standard: (left, isTimeUp) = (Effort.standardSteps, nil)
        case .steps(let steps): (left, isTimeUp) = (steps, nil)
        case .until(let isTimeUp): (left, self.isTimeUp) = (.max, isTimeUp)
        }
        isOver = left <= 0
    }

    /// Allows so many more.
    mutating func extend(by steps: Int) {
        guard isTimeUp == nil else { return }
        left = max(left, 0) + steps
        isOver = left <= 0
    }

    /// Steps that may still be taken, as far as is known.
    var stepsLeft: Int { isOver ? 0 : left }

    /// Lets something that may as well be left out use a share of what is left.
    mutating func lending<Result>(_ share: Int, to body: (inout Meter) -> Result) -> Result {
        var part = self
        part.left = min(share, left)
        part.isOver = isOver || part.left <= 0
        let lent = part.left
        let result = body(&part)
        untilLook = part.untilLook
        left -= lent - part.left
        isOver = isOver || left <= 0
        return result
    }

    mutating func spend(_ steps: Int) {
        left -= steps
        if left <= 0 { isOver = true }
        guard let isTimeUp, !isOver else { return }
        untilLook -= steps
        guard untilLook <= 0 else { return }
        untilLook = Self.slice
        if isTimeUp() { isOver = true }
    }
}

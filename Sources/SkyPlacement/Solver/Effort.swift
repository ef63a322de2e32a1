/// How long the solver may look for one answer.
public enum Effort: Sendable {
    /// So many elementary steps, a few nanoseconds each: the same problem has the same answer on every machine.
    case steps(Int)
    /// Until the function says that time is up. It is asked about a thousand times a second.
    case until(@Sendable () -> Bool)

    /// Two seconds or so at most; most pipelines need a few milliseconds of it.
    public static let standard = Effort.steps(100_000_000)
}

/// Counts down what an effort allows.
struct Meter {
    private var left: Int
    private let isTimeUp: (@Sendable () -> Bool)?
    private(set) var isOver = false

    /// Steps between two looks at the clock.
    private static let slice = 200_000

    init(_ effort: Effort) {
        switch effort {
        case .steps(let steps): (left, isTimeUp) = (steps, nil)
        case .until(let isTimeUp): (left, self.isTimeUp) = (Self.slice, isTimeUp)
        }
        isOver = left <= 0
    }

    /// Steps that may still be taken, as far as is known.
    var stepsLeft: Int { isOver ? 0 : isTimeUp == nil ? left : .max }

    /// Lets something that may as well be left out use a share of what is left.
    mutating func lending<Result>(_ share: Int, to body: (inout Meter) -> Result) -> Result {
        let lent = min(share, stepsLeft)
        var part = Meter(.steps(lent))
        let result = body(&part)
        spend(lent - max(part.stepsLeft, 0))
        return result
    }

    mutating func spend(_ steps: Int) {
        left -= steps
        guard left <= 0, !isOver else { return }
        guard let isTimeUp, !isTimeUp() else {
            isOver = true
            return
        }
        left = Self.slice
    }
}

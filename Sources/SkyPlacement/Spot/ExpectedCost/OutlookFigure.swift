/// What an outlook works out of each state: its cost, and whatever else comes of the choices that are cheapest. Hours.
protocol OutlookFigure: Sendable {
    /// On demand for so long.
    static func onDemand(_ hours: Float) -> Self
    /// On spot for so long, at a price in units of the price on demand.
    static func spot(_ hours: Float, _ price: Float) -> Self
    static func waiting(_ hours: Float) -> Self
    static func + (a: Self, b: Self) -> Self
    static func - (a: Self, b: Self) -> Self
    static func * (weight: Float, figure: Self) -> Self
    static func / (figure: Self, weight: Float) -> Self
    /// In hours on demand.
    var cost: Float { get }
    /// The same after one loss of spot more.
    var interrupted: Self { get }
}

extension OutlookFigure {
    /// The first when they are equal.
    static func cheaper(_ a: Self, _ b: Self) -> Self { b.cost < a.cost ? b : a }
}

/// The cost alone: all that a decision needs.
extension Float: OutlookFigure {
    static func onDemand(_ hours: Float) -> Float { hours }
    static func spot(_ hours: Float, _ price: Float) -> Float { price * hours }
    static func waiting(_ hours: Float) -> Float { 0 }
    var cost: Float { self }
    var interrupted: Float { self }
}

/// All that is expected of a job.
struct Expectations: OutlookFigure, Hashable {
    var cost: Float
    /// From now to its end.
    var time: Float
    /// Of that, on spot.
    var onSpot: Float
    /// Of that, on demand.
    var onDemand: Float
    /// How often spot is lost.
    var interruptions: Float

    static func onDemand(_ hours: Float) -> Expectations {
        Expectations(cost: hours, time: hours, onSpot: 0, onDemand: hours, interruptions: 0)
    }

    static func spot(_ hours: Float, _ price: Float) -> Expectations {
        Expectations(cost: price * hours, time: hours, onSpot: hours, onDemand: 0, interruptions: 0)
    }

    static func waiting(_ hours: Float) -> Expectations {
        Expectations(cost: 0, time: hours, onSpot: 0, onDemand: 0, interruptions: 0)
    }

    static func + (a: Expectations, b: Expectations) -> Expectations {
        Expectations(
            cost: a.cost + b.cost, time: a.time + b.time, onSpot: a.onSpot + b.onSpot,
            onDemand: a.onDemand + b.onDemand,
            interruptions: a.interruptions + b.interruptions)
    }

    static func - (a: Expectations, b: Expectations) -> Expectations { a + -1 * b }

    static func * (weight: Float, figure: Expectations) -> Expectations {
        Expectations(
            cost: weight * figure.cost, time: weight * figure.time, onSpot: weight * figure.onSpot,
            onDemand: weight * figure.onDemand, interruptions: weight * figure.interruptions)
    }

    static func / (figure: Expectations, weight: Float) -> Expectations { (1 / weight) * figure }

    var interrupted: Expectations {
        var after = self
        after.interruptions += 1
        return after
    }
}

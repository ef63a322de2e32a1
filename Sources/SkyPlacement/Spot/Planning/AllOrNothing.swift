/// What is expected of a job that saves nothing: spot has to last for all of it, or it begins anew.
///
/// It tries spot whenever there is some and on demand would still be in time should the try fail at its very end, and
/// otherwise goes on demand. Worked out backwards from the last moment for a try, in even steps.
struct AllOrNothing {
    private static let steps = 48

    /// At the job's start, with spot to be had.
    let withSpot: Expectations

    init(_ shape: DeadlineOutlooks.Shape, price: Double) {
        let length = shape.work + shape.delay
        let onDemand = Expectations.onDemand(Float(length))
        // A try ends, and on demand starts then.
        let room = shape.slack - shape.delay - length
        guard room >= 0 else {
            withSpot = onDemand
            return
        }
        let step = max(room / Double(Self.steps), 1e-9)
        let ends = Self.shares(shape.model.up, step)
        let comes = Self.shares(shape.model.down, step)
        let spot = { (hours: Double) in Expectations.spot(Float(hours), Float(price)) }
        var arrived = [Expectations](repeating: onDemand, count: Self.steps + 1)
        var lost = arrived
        for now in (0...Self.steps).reversed() {
            var (tried, waited) = (Expectations.waiting(0), Expectations.waiting(0))
            var (left, dry) = (Float(1), Float(1))
            for count in 0..<(Self.steps - now) {
                let until = Double(count + 1) * step
                if until <= length {
                    tried = tried + ends[count] * (spot(until - step / 2) + lost[now + count + 1]).interrupted
                    left -= ends[count]
                }
                waited = waited + comes[count] * (.waiting(Float(until)) + arrived[now + count + 1])
                dry -= comes[count]
            }
            // What is left of the tries lasts to the end, or is lost when it is too late for another.
            let lasts = min(Float(shape.model.up.survival(length)), left)
            let tail = Double(length + min(Double(Self.steps - now) * step, length)) / 2
            tried = tried + lasts * spot(length) + (left - lasts) * (spot(tail) + onDemand).interrupted
            waited = waited + dry * (.waiting(Float(Double(Self.steps - now) * step)) + onDemand)
            arrived[now] = Expectations.cheaper(onDemand, tried)
            lost[now] = Expectations.cheaper(onDemand, waited)
        }
        withSpot = arrived[0]
    }

    /// The share of runs that end within each step.
    private static func shares(_ lengths: RunLengths, _ step: Double) -> [Float] {
        (0..<steps).map { Float(lengths.survival(Double($0) * step) - lengths.survival(Double($0 + 1) * step)) }
    }
}

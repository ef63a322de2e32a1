import SkyCore

extension Solver {
    /// The assignment with the least cost plus worth of its time.
    mutating func leastWeighted(perHour: Money) -> Outcome {
        guard perHour > .zero else {
            var cheapest = cheapest()
            cheapest.valueBound = cheapest.costBound
            return cheapest
        }
        drawOnReserve(isWeighted: true)
        let worth = Worth(perHour: perHour)
        let (costBound, timeBound) = (costBound(), timeBound)
        var (plan, bound) = weightedSearch(worth, costBound: costBound)
        bound = max(bound, worth.value(cost: costBound, time: timeBound))
        let value = plan.map(worth.value(of:)) ?? Network.none
        var result = Outcome(plan: plan, isProven: bound >= value, costBound: costBound, timeBound: timeBound)
        result.valueBound = min(bound, value)
        return result
    }

    struct FrontPoint: Sendable {
        var plan: Assignment
        var isProven: Bool
    }

    /// Undominated assignments, cheapest first: all of them if there are no more than `count`.
    mutating func front(limit count: Int) -> (points: [FrontPoint], isComplete: Bool) {
        forgoReserve()
        let (cheapest, fastest) = (cheapest(), fastest())
        guard let first = cheapest.plan, let last = fastest.plan else { return ([], false) }
        var points = [FrontPoint(plan: first, isProven: cheapest.isProven)]
        var isComplete = cheapest.isProven && fastest.isProven
        guard last.time < first.time, count > 1 else { return (points, isComplete && last.time >= first.time) }
        points.append(FrontPoint(plan: last, isProven: fastest.isProven))
        // Between two neighbours: where plans may still be.
        var gaps = [Gap(slower: first, faster: last)]
        while let gap = gaps.popWidest() {
            guard points.count < count else { return (sorted(points), false) }
            let found = self.cheapest(limit: gap.next)
            guard let plan = found.plan, found.isProven || plan.time > gap.faster.time && plan.cost < gap.faster.cost
            else {
                isComplete = isComplete && found.isProven
                continue
            }
            isComplete = isComplete && found.isProven
            if plan.time <= gap.faster.time || plan.cost >= gap.faster.cost {
                gaps += gap.above(gap.next)
            } else {
                points.append(FrontPoint(plan: plan, isProven: found.isProven))
                gaps += gap.split(at: plan)
            }
        }
        return (sorted(points), isComplete)
    }

    private func sorted(_ points: [FrontPoint]) -> [FrontPoint] { points.sorted { $0.plan.isCheaper(than: $1.plan) } }
}

/// A stretch of the front between two of its points.
private struct Gap {
    let slower: Assignment
    let faster: Assignment
    /// Plans of interest take no less and no more than this.
    var shortest: Int64
    var longest: Int64
    /// Whether its middle is to be tried; otherwise its end.
    var triesMiddle = true

    init(slower: Assignment, faster: Assignment) {
        self.slower = slower
        self.faster = faster
        (shortest, longest) = (faster.time + 1, slower.time - 1)
    }

    /// The time limit to try.
    var next: Int64 { triesMiddle ? shortest + (longest - shortest) / 2 : longest }

    var width: Double { Double(faster.cost - slower.cost) * Double(longest - shortest + 1) }

    /// What is left when nothing new takes `time` or less.
    func above(_ time: Int64) -> [Gap] {
        guard time < longest else { return [] }
        var rest = self
        rest.shortest = time + 1
        rest.triesMiddle = false
        return [rest]
    }

    /// What is left when `plan` is the cheapest that takes `next` or less.
    func split(at plan: Assignment) -> [Gap] {
        var (faster, slower) = (Gap(slower: plan, faster: faster), Gap(slower: slower, faster: plan))
        faster.shortest = shortest
        slower.shortest = next + 1
        slower.longest = longest
        return [faster, slower].filter { $0.shortest <= $0.longest }
    }
}

extension [Gap] {
    fileprivate mutating func popWidest() -> Gap? {
        indices.max { self[$0].width < self[$1].width }.map { remove(at: $0) }
    }
}

/// Follows all ways through a trace that may still cost no more than a limit.
struct ScheduleSearch {
    /// One way so far. Lists of them are sorted: the dearer, the more work.
    private struct Way {
        var work: Int
        var cost: Int
    }

    /// Far below a cent, and far above what rounding does to the bound.
    private static let tolerance = 16.0

    private let problem: OfflineOptimum
    private let bound: ScheduleBound
    private let limit: Double
    private var best: Int?

    init(_ problem: OfflineOptimum, _ bound: ScheduleBound, limit: Double) {
        self.problem = problem
        self.bound = bound
        self.limit = limit + Self.tolerance
    }

    /// The least cost of doing all the work; nil when it is above the limit.
    mutating func run() -> Int? {
        let count = problem.count
        let (startTicks, spotPrice, onDemandPrice) = (problem.startTicks, problem.spotPrice, problem.onDemandPrice)
        let nothing = Way(work: 0, cost: 0)
        var stopped = [[Way]](repeating: [], count: count + 1)
        stopped[0] = [nothing]
        var (spot, onDemand): ([Way], [Way]) = ([], [])
        for index in stride(from: 1, through: count, by: 1) {
            let from = index - startTicks
            let starts = from >= 0 ? stopped[from] : []
            let canGoOn = problem.spotRun[index - 1] > 0
            let canStart = from >= 0 && problem.spotRun[from] >= startTicks
            spot = merged(
                canGoOn ? spot : [], Way(work: problem.tick, cost: spotPrice), canStart ? starts : [],
                Way(work: problem.startWork, cost: spotPrice * startTicks), rest: bound.spot[index])
            onDemand = merged(
                onDemand, Way(work: problem.tick, cost: onDemandPrice), starts,
                Way(work: problem.startWork, cost: onDemandPrice * startTicks), rest: bound.onDemand[index])
            let rest = bound.stopped[index]
            let running = merged(spot, nothing, onDemand, nothing, rest: rest)
            stopped[index] = merged(stopped[index - 1], nothing, running, nothing, rest: rest)
            if from > 0 { stopped[from - 1] = [] }
        }
        return best
    }

    /// Two lists, each with its step added, as one, without ways that do less for more or cannot keep the limit.
    private mutating func merged(_ a: [Way], _ stepA: Way, _ b: [Way], _ stepB: Way, rest: Double) -> [Way] {
        var result: [Way] = []
        result.reserveCapacity(a.count + b.count)
        let ceiling = limit - rest - bound.price * Double(problem.work)
        var (i, j, mostWork) = (0, 0, -1)
        while i < a.count || j < b.count {
            let takesA: Bool
            if i < a.count, j < b.count {
                let (costA, costB) = (a[i].cost + stepA.cost, b[j].cost + stepB.cost)
                takesA = costA < costB || (costA == costB && a[i].work + stepA.work >= b[j].work + stepB.work)
            } else {
                takesA = i < a.count
            }
            let (old, step) = takesA ? (a[i], stepA) : (b[j], stepB)
            if takesA { i += 1 } else { j += 1 }
            let way = Way(work: old.work + step.work, cost: old.cost + step.cost)
            guard way.work > mostWork else { continue }
            mostWork = way.work
            if way.work >= problem.work {
                if Double(way.cost) <= limit { best = min(best ?? way.cost, way.cost) }
                break
            }
            if let best, way.cost >= best { break }
            if Double(way.cost) - bound.price * Double(way.work) <= ceiling { result.append(way) }
        }
        return result
    }
}

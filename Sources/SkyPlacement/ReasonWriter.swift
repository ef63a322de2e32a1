import SkyCatalog
import SkyCore
import SkySpec

/// Says in one sentence why a stage runs where it does. Every figure in it is recomputed from the problem.
struct ReasonWriter {
    private let problem: PlacementProblem
    private let plan: PricedPlacement
    private let policy: String

    init(_ problem: PlacementProblem, _ plan: PricedPlacement, policy: String) {
        self.problem = problem
        self.plan = plan
        self.policy = policy
    }

    func reason(forStage index: Int) -> String {
        let stage = problem.stages[index]
        let chosen = plan.candidates[index]
        if stage.isPinned { return "stays where it is" }
        let asked = Self.wording(of: stage)
        guard stage.candidates.count > 1 else { return "the only offer\(asked)" }
        let all = "\(counted(stage.candidates.count, "offer"))\(asked)"
        // All others cost no less, and take as long as one of these.
        let looked = stage.candidates.shortlist.map(\.candidate)
        guard let cheapest = looked.min(by: Self.isCheaper) else { return "the only offer\(asked)" }
        let fastest = looked.map(\.pathTime).min() ?? chosen.pathTime
        let slowest = looked.map(\.pathTime).max() ?? chosen.pathTime
        let seeksTime = isAboutTime && fastest < slowest && chosen.pathTime == fastest && !stage.isService
        if chosen.cost == cheapest.cost {
            return seeksTime ? "fastest and cheapest of \(all)" : "cheapest of \(all)"
        }
        let instead = "not the cheapest of \(all) by itself (\(readable(cheapest.cost)) at \(cheapest))"
        return instead + whyNot(cheapest, ofStage: index, seeksTime: seeksTime)
    }

    /// By itself; of equals the faster, and then the first by name.
    private static func isCheaper(_ a: Candidate, than b: Candidate) -> Bool {
        if (a.cost, a.pathTime) != (b.cost, b.pathTime) { return (a.cost, a.pathTime) < (b.cost, b.pathTime) }
        return a.location != b.location ? a.location < b.location : a.isPreferred(to: b)
    }

    private var isAboutTime: Bool {
        switch problem.objective {
        case .cost, .costWithin: false
        case .time, .timeWithin, .weighted: true
        }
    }

    /// What would be worse with `other` in the place of the stage's candidate and all else as it is.
    private func whyNot(_ other: Candidate, ofStage index: Int, seeksTime: Bool) -> String {
        var candidates = plan.candidates
        candidates[index] = other
        let swapped = PricedPlacement(problem, candidates)
        let saved = moved(swapped) - moved(plan)
        let dearer = plan.candidates[index].cost - other.cost
        if saved >= dearer, saved > .zero { return ", but saves \(readable(saved)) of egress" }
        if swapped.totalTime > plan.totalTime, isAboutTime || exceedsDeadline(swapped.totalTime) {
            let how = !isAboutTime ? "keeps the deadline" : seeksTime ? "is the fastest" : "ends the plan sooner"
            return ", but \(how): done after \(plan.totalTime) instead of \(swapped.totalTime)"
        }
        return ", but chosen by the policy '\(policy)'"
    }

    private func exceedsDeadline(_ time: TimeSpan) -> Bool {
        if case .costWithin(let deadline) = problem.objective { time > deadline } else { false }
    }

    private func moved(_ plan: PricedPlacement) -> Money { plan.transfers.reduce(.zero) { $0 + $1.cost } }

    /// ` with confidential, 8+ CPUs and 32+ GiB in aws or gcp`; empty when anything would do.
    private static func wording(of stage: StageChoices) -> String {
        guard let deadline = stage.deadline else {
            return stage.requests.map(wording).filter { !$0.isEmpty }.joined(separator: " or")
        }
        // With a deadline, those who ask for spot may get on demand as well.
        let wishes = stage.requests.map { wording(of: $0.relaxing(.spot) ?? $0) }.filter { !$0.isEmpty }
        return wishes.joined(separator: " or")
            + " that keep\(stage.candidates.count == 1 ? "s" : "") its deadline of \(deadline)"
    }

    private static func wording(of request: ResourceRequest) -> String {
        var parts = request.capabilities.filter { $0 != "spot" }
        if !request.accelerators.isEmpty {
            parts.append(joined(request.accelerators.map(\.description), by: "or"))
        }
        if let memory = request.acceleratorMemory {
            let count = request.acceleratorCount.map { "\($0) " } ?? ""
            parts.append("\(count)accelerators of \(memory) GB")
        }
        parts += request.excludedCapabilities.map { "not \($0)" }
        if let cpus = request.cpus { parts.append("\(cpus) CPUs") }
        if let memory = request.memory { parts.append("\(memory) GiB") }
        var text = request.instanceType.map { " of type \($0)" } ?? ""
        if !parts.isEmpty { text += " with \(joined(parts, by: "and"))" }
        if !request.places.isEmpty { text += " in \(joined(request.places.map(\.description), by: "or"))" }
        if !request.areas.isEmpty { text += " in \(joined(request.areas, by: "or"))" }
        if let limit = request.maxPricePerHour { text += " for at most \(readable(limit)) an hour" }
        return request.wantsSpot ? " as spot\(text)" : text
    }

    private static func joined(_ parts: [String], by word: String) -> String {
        guard let last = parts.last, parts.count > 1 else { return parts.first ?? "" }
        return "\(parts.dropLast().joined(separator: ", ")) \(word) \(last)"
    }
}

import SkyCatalog
import SkyCore
import SkySpec

/// The smallest set of providers that can run the whole pipeline within its limits, exactly; of the sets of that size the
/// one whose best plan is best.
public struct FewestProvidersPolicy: PlacementPolicy {
    public init() {}

    public var name: String { "fewest providers" }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        try solve(problem).placement
    }

    /// Leaves everything of the set of providers that it found.
    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        let providers = try solve(problem).providers
        return try problem.keeping { _, candidate in providers.contains(candidate.offer.provider) }
    }

    private struct Solution {
        var placement: Placement
        var providers: Set<String>
        var value: (Int64, Int64)
    }

    private func solve(_ problem: PlacementProblem) throws(PlacementError) -> Solution {
        // Says what would be possible if nothing is, and that more providers than these are never needed.
        let anyhow = try problem.best()
        let used = Set(anyhow.candidates.values.map(\.offer.provider))
        let sets = ProviderSets(problem)
        for size in 1..<max(used.count, 1) {
            var best: Solution?
            for (members, bound) in sets.covering(size: size) {
                // Sets come in the order of their bounds: the rest cannot be cheaper.
                if let best, !isAboutTime(problem), bound > best.value.0 { break }
                let providers = Set(members.map { sets.providers[$0] })
                let left = try problem.keeping { _, candidate in providers.contains(candidate.offer.provider) }
                guard let placement = try solved(left) else { continue }
                let value = try left.value(of: placement)
                if best.map({ value < $0.value }) ?? true {
                    best = Solution(placement: placement, providers: providers, value: value)
                }
            }
            if let best { return best }
        }
        return Solution(placement: anyhow, providers: used, value: try problem.value(of: anyhow))
    }

    /// Nil when these providers cannot keep the limits.
    private func solved(_ problem: PlacementProblem) throws(PlacementError) -> Placement? {
        do throws(PlacementError) { return try problem.best() } catch {
            switch error {
            case .deadlineTooShort, .budgetTooSmall: return nil
            default: throw error
            }
        }
    }

    private func isAboutTime(_ problem: PlacementProblem) -> Bool {
        switch problem.objective {
        case .cost, .costWithin: false
        case .time, .timeWithin, .weighted: !problem.isRepriced
        }
    }
}

/// Which sets of providers have something for every stage.
private struct ProviderSets {
    let providers: [String]
    /// Per stage and provider the least price; nil: the provider has nothing for it.
    private let least: [[Int64?]]

    init(_ problem: PlacementProblem) {
        var numbers: [String: Int] = [:]
        for stage in problem.stages {
            for candidate in stage.candidates where numbers[candidate.offer.provider] == nil {
                numbers[candidate.offer.provider] = 0
            }
        }
        providers = numbers.keys.sorted()
        for (number, provider) in providers.enumerated() { numbers[provider] = number }
        var least: [[Int64?]] = []
        for (index, stage) in problem.stages.enumerated() {
            var own = [Int64?](repeating: nil, count: providers.count)
            for candidate in stage.candidates {
                guard let number = numbers[candidate.offer.provider] else { continue }
                let price = problem.price(of: candidate, ofStage: index).nanodollars
                own[number] = min(own[number] ?? .max, price)
            }
            least.append(own)
        }
        self.least = least
    }

    /// The sets of this size that cover every stage, with what their plans cost at least, the least first.
    func covering(size: Int) -> [(members: [Int], bound: Int64)] {
        var result: [(members: [Int], bound: Int64)] = []
        extend([], from: 0, size: size, into: &result)
        return result.sorted { ($0.bound, $0.members.lexicographicKey) < ($1.bound, $1.members.lexicographicKey) }
    }

    private func extend(
        _ members: [Int], from next: Int, size: Int, into result: inout [(members: [Int], bound: Int64)]
    ) {
        guard members.count < size else {
            if let bound = bound(of: members) { result.append((members, bound)) }
            return
        }
        for provider in providers.indices.dropFirst(next) {
            extend(members + [provider], from: provider + 1, size: size, into: &result)
        }
    }

    private func bound(of members: [Int]) -> Int64? {
        var sum: Int64 = 0
        for stage in least {
            guard let price = members.compactMap({ stage[$0] }).min() else { return nil }
            sum = Network.plus(sum, min(price, Network.none))
        }
        return sum
    }
}

extension [Int] {
    fileprivate var lexicographicKey: String { map { String($0 + 1000) }.joined() }
}

import SkyCatalog
public import SkyCore
public import SkySpec

/// What is to be decided, with all prices and durations worked out: where each stage can run, what that costs, and
/// what has to be moved. A value; policies narrow it and ask it for the best placement of what is left.
public struct PlacementProblem: Sendable {
    /// An artifact that a stage reads.
    public struct Flow: Hashable, Sendable {
        public enum Source: Hashable, Sendable {
            /// The output of the stage with this index.
            case stage(Int)
            /// It is there before the run: on this machine, or in a bucket of the region.
            case place(Location)
        }

        /// `preprocess.clean`, or the input's own name for things that come from outside.
        public let artifact: String
        public let source: Source
        /// Index of the stage that reads it.
        public let reader: Int
        /// Zero when the pipeline does not say.
        public let sizeRange: Estimate<DataSize>

        public var size: DataSize { max(sizeRange.expected, .zero) }
    }

    public let pipeline: String
    /// What the plan is to make small, and the limit that it has to keep.
    public internal(set) var objective: Objective
    /// In the pipeline's order.
    public internal(set) var stages: [StageChoices]
    public let flows: [Flow]
    /// What the figures leave out, one sentence each.
    public let caveats: [String]

    /// Where the pipeline's stages ran before.
    public var history = PlacementHistory()
    /// True when a policy is asked what it would do if one of its choices were not there, for the plan's runners-up.
    public internal(set) var asksForRunnerUp = false

    /// Prices that policies made, per stage and candidate index; what is not there is the candidate's cost.
    var policyPrices: [Int: [Int64]] = [:]
    /// What moving really costs, if policies changed that.
    var trueTransfers: TransferCosts?
    /// Limits beside the objective's.
    var tighterDeadline: TimeSpan?
    var tighterBudget: Money?
    /// Parts of the world that a location is in.
    var areasOf: @Sendable (Location) -> Set<String> = { _ in [] }

    /// Where plans may choose how large artifacts go; nil: the plain way.
    var transferChoice: TransferChoice?

    /// Candidates were taken away, or prices changed, since it was made.
    var isNarrowed = false
    var network: Network
    let geography: Geography
    /// How long the solver may look for one answer. When it is given up, the best plan found says how far from the
    /// best it can be.
    public var effort = Effort.standard
    /// A good placement of nearly the same problem, for the solver to start from.
    var hint: [Candidate]?

    /// Leaves only the candidates that `isKept` accepts; pinned stages are not asked about. This is how a policy says
    /// what it will not have.
    ///
    /// - Parameter reason: says of a stage with nothing left why that is so, in one sentence without a full stop.
    /// - Throws: `PlacementError.noOffers` naming every stage that would have none left.
    public func keeping(
        _ isKept: (StageChoices, Candidate) -> Bool, otherwise reason: (StageChoices) -> String = Self.keptNone
    ) throws(PlacementError) -> PlacementProblem {
        var narrowed = self
        var empty: [PlacementError.StageWithoutOffer] = []
        for (index, stage) in stages.enumerated() where !stage.isPinned {
            let kept = stage.candidates.filter { isKept(stage, $0) }
            if kept.isEmpty {
                empty.append(.init(stage: stage.name, reason: reason(stage)))
            } else if kept.count < stage.candidates.count {
                narrowed.replaceCandidates(of: index, by: CandidateList(kept))
            }
        }
        guard empty.isEmpty else { throw .noOffers(empty) }
        return narrowed
    }

    /// What is said of a stage that a policy leaves without any candidate.
    public static func keptNone(_ stage: StageChoices) -> String {
        "the policy keeps none of its \(counted(stage.candidates.count, "offer"))"
    }

    /// The parts of the world that a place is in, in lower case: `europe`, `eu`, `de`. Empty when nobody knows.
    public func areas(of location: Location) -> Set<String> { areasOf(location) }

    mutating func replaceCandidates(of index: Int, by kept: CandidateList) {
        stages[index].candidates = kept
        rebuildOptions(ofStage: index)
    }

    /// The hint as options of the network; -1 for candidates that are not there.
    var hintedOptions: [Int]? {
        hint?.enumerated().map { index, candidate in
            let options = network.nodes[index].options
            return options.firstIndex { stages[index].candidates.index(at: $0.candidate) == candidate.index } ?? -1
        }
    }
}

/// Per place the candidates that no other of the same place beats in both cost and time.
struct Frontier {
    private typealias One = (position: Int, candidate: Candidate)

    /// What `candidate` of an option counts in.
    private let all: [One]
    private var perPlace: [[Network.Option]]

    /// - Parameter prices: by candidate index; nil: their costs.
    init(_ stage: StageChoices, places: [Int], prices: [Int64]? = nil) {
        // Prices that a policy made may be anything.
        all = prices == nil ? stage.candidates.shortlist : Array(zip(stage.candidates.indices, stage.candidates))
        perPlace = [[Network.Option]](repeating: [], count: (places.max() ?? 0) + 1)
        for (number, one) in all.enumerated() {
            let place = places[one.candidate.index]
            let price = prices?[one.candidate.index] ?? one.candidate.cost.nanodollars
            let option = Network.Option(
                cost: min(price, Network.none), time: one.candidate.pathTime.milliseconds,
                place: place, candidate: number, isSpot: one.candidate.offer.market == .spot)
            Self.add(option, to: &perPlace[place], all)
        }
    }

    private static func add(_ option: Network.Option, to options: inout [Network.Option], _ all: [One]) {
        if let equal = options.firstIndex(where: { $0.cost == option.cost && $0.time == option.time }) {
            let (new, old) = (all[option.candidate].candidate, all[options[equal].candidate].candidate)
            // Where a policy's prices are equal, the true ones decide.
            if new.cost < old.cost || (new.cost == old.cost && new.isPreferred(to: old)) {
                options[equal] = option
            }
        } else {
            options.climb(option)
        }
    }

    /// All options by place, and where each place's begin.
    func flattened(placeCount: Int) -> (options: [Network.Option], first: [Int]) {
        var options: [Network.Option] = []
        var first = [0]
        for place in 0..<placeCount {
            for option in place < perPlace.count ? perPlace[place] : [] {
                var named = option
                named.candidate = all[option.candidate].position
                options.append(named)
            }
            first.append(options.count)
        }
        return (options, first)
    }
}

extension Network.Option: Step {
    var tau: Int64 { time }
}

extension Candidate {
    /// Decides between equals in one region: on demand before spot, the lower hourly price, anywhere in the region before
    /// one zone, then by name.
    func isPreferred(to other: Candidate) -> Bool {
        let (market, otherMarket) = (offer.market == .spot ? 1 : 0, other.offer.market == .spot ? 1 : 0)
        guard (market, pricePerHour.nanodollars) == (otherMarket, other.pricePerHour.nanodollars) else {
            return (market, pricePerHour.nanodollars) < (otherMarket, other.pricePerHour.nanodollars)
        }
        func key(_ candidate: Candidate) -> (Int, String, String, Int) {
            let offer = candidate.offer
            return (offer.zone == nil ? 0 : 1, offer.instanceType, offer.zone ?? "", candidate.index)
        }
        return key(self) < key(other)
    }
}

/// `1 offer`, `214 offers`.
func counted(_ count: Int, _ noun: String) -> String {
    "\(groupedByThousands(UInt64(count))) \(noun)\(count == 1 ? "" : "s")"
}

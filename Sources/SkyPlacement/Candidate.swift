public import SkyCatalog
public import SkyCore
public import SkySpec

/// One offer that a stage could run on, with what that would cost and how long it would take.
public struct Candidate: Hashable, Sendable {
    /// Position among all of the stage's candidates; narrowing a problem does not change it.
    public let index: Int
    public let offer: Offer
    /// Nodes in the gang, of which each replica has its own.
    public let numNodes: Int
    /// Of all nodes and replicas together.
    public let pricePerHour: Money
    /// How long the stage is expected to work, or is paid for if it is a service.
    public let duration: TimeSpan
    public let durationRange: Estimate<TimeSpan>
    public let durationSource: DurationSource
    /// From asking for machines until they are given back: starting them, working, and working again after interruptions.
    public let heldTime: TimeSpan
    /// How long the stage keeps what comes after it waiting.
    public let pathTime: TimeSpan
    /// How often it is expected to be interrupted.
    public let interruptions: Double
    /// How often it is expected to be disturbed before it has done its work once: the probability that nothing disturbs
    /// it is e to the power of minus this.
    public let risk: Double
    /// Of each node.
    public let disk: Disk
    public let costParts: CostParts
    /// All of `costParts`; moving data is not in it.
    public let cost: Money
    /// How the stage keeps a deadline of its own, on spot while it can wait; nil: it stays on `offer`.
    public var deadline: DeadlineTerms? { terms?.terms }
    private let terms: SharedTerms?

    public var location: Location { offer.location }

    init(index: Int, machines: Machines, numNodes: Int, model: StageCostModel) {
        let duration = model.durations.duration(on: machines.offer)
        self.init(
            index: index, machines: machines, numNodes: numNodes, duration: duration, model: model,
            outcome: model.outcome(.usual, on: machines, duration: duration.duration), deadline: nil)
    }

    init(
        index: Int, machines: Machines, numNodes: Int, duration: (duration: Estimate<TimeSpan>, source: DurationSource),
        model: StageCostModel, outcome: StageCostModel.Outcome, deadline: DeadlineTerms?
    ) {
        self.index = index
        self.numNodes = numNodes
        self.duration = duration.duration.expected
        durationRange = duration.duration
        offer = machines.offer
        pricePerHour = machines.pricePerHour
        durationSource = duration.source
        heldTime = outcome.held
        pathTime = outcome.path
        interruptions = outcome.interruptions
        // A stage with a deadline may be on spot that comes and goes, of which its own model knows better.
        risk = deadline == nil ? model.risk(on: machines, duration: duration.duration.expected) : outcome.interruptions
        disk = machines.disk
        costParts = outcome.parts
        cost = outcome.parts.total
        terms = deadline.map(SharedTerms.init)
    }

    /// `aws/us-east-1 p4d.24xlarge`.
    public var description: String { "\(offer.location) \(offer.instanceType)" }
}

extension Candidate: CustomStringConvertible {}

/// The disk that a node boots from and works on.
public struct Disk: Hashable, Sendable {
    public var gigabytes: Int
    /// Nil: whatever the provider gives.
    public var tier: String?

    init(_ request: ResourceRequest) {
        gigabytes = request.diskSize ?? StageCostModel.usualDiskGB
        tier = request.diskTier
    }
}

/// Most candidates have none, and all are copied.
private final class SharedTerms: Sendable, Hashable {
    let terms: DeadlineTerms

    init(_ terms: DeadlineTerms) { self.terms = terms }

    static func == (a: SharedTerms, b: SharedTerms) -> Bool { a === b || a.terms == b.terms }

    func hash(into hasher: inout Hasher) { hasher.combine(terms) }
}

/// A stage of a placement problem: what it asks for and where it can run.
public struct StageChoices: Sendable {
    public let name: String
    /// Any one of these.
    public let requests: [ResourceRequest]
    /// Copies of a service; 1 for a batch stage.
    public let replicas: Int
    /// A service is up as soon as its inputs are there: its duration is paid for but does not delay the plan's end.
    public let isService: Bool
    /// It must be done so soon after its start, and every candidate promises that; nil: whenever.
    public let deadline: TimeSpan?
    /// It already runs, or ran, where it is: its only candidate is that offer.
    public let isPinned: Bool
    /// Never empty.
    public internal(set) var candidates: CandidateList
    let model: StageCostModel
    /// By provider.
    let terms: [String: RentalTerms]

    func machines(_ offer: Offer, numNodes: Int, disk: Disk) -> Machines {
        let (count, overflow) = numNodes.multipliedReportingOverflow(by: replicas)
        return Machines(
            offer: offer, count: overflow ? .max : count, disk: disk, terms: terms[offer.provider] ?? .plain)
    }

    func outcome(_ luck: StageCostModel.Luck, of candidate: Candidate) -> StageCostModel.Outcome {
        let machines = machines(candidate.offer, numNodes: candidate.numNodes, disk: candidate.disk)
        guard let terms = candidate.deadline else {
            return model.outcome(luck, on: machines, duration: candidate.durationRange)
        }
        return model.outcome(
            luck, on: terms, of: candidate, spot: machines,
            onDemand: self.machines(terms.onDemand, numNodes: candidate.numNodes, disk: candidate.disk))
    }
}

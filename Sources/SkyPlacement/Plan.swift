public import SkyCatalog
public import SkyCore
public import SkySpec

/// A placement with its estimates and its reasons. A value: making it starts nothing.
public struct Plan: Hashable, Sendable, Codable {
    public var pipeline: String
    public var objective: Objective
    /// The policy that chose, by name.
    public var policy: String
    /// In the pipeline's order.
    public var stages: [PlannedStage]
    public var transfers: [PlannedTransfer]
    /// Exactly the sum of the stages' and the transfers' costs.
    public var totalCost: Money
    /// From launch until the last batch stage and every service is up: the longest path, transfers included.
    public var totalTime: TimeSpan
    public var proof: Proof
    /// What it comes to when things go well, as expected, or badly.
    public var outlook: Outlook
    /// What the figures leave out, one sentence each.
    public var caveats: [String]

    /// How far the plan can be from the best one.
    public struct Proof: Hashable, Sendable, Codable {
        /// True only when no cheaper (or faster, as the objective says) plan exists in the catalog.
        public var isOptimal: Bool
        /// No plan that keeps the objective's deadline costs less than this; equals `totalCost` for an optimal plan
        /// by cost.
        public var costLowerBound: Money
        /// No plan that keeps the objective's budget is done sooner; equals `totalTime` for an optimal plan by time.
        public var timeLowerBound: TimeSpan
        /// By which part of its cost, its time or its weighted sum, as the objective says, the plan could still be
        /// better: 0.01 is one percent, 0 when it is optimal. Nil when nothing is proven.
        public var gap: Double?

        public init(
            isOptimal: Bool, costLowerBound: Money, timeLowerBound: TimeSpan = .zero, gap: Double? = nil
        ) {
            self.isOptimal = isOptimal
            self.costLowerBound = costLowerBound
            self.timeLowerBound = timeLowerBound
            self.gap = isOptimal ? 0 : gap
        }
    }

    /// Good: low estimates and no interruption. Bad: high estimates, more interruptions than in nineteen of twenty
    /// cases, and one failed try to get machines for every stage.
    public struct Outlook: Hashable, Sendable, Codable {
        public var cost: Estimate<Money>
        public var time: Estimate<TimeSpan>

        public init(cost: Estimate<Money>, time: Estimate<TimeSpan>) {
            self.cost = cost
            self.time = time
        }
    }

    /// - Parameter outlook: nil when nothing but the expected figures is known.
    public init(
        pipeline: String, objective: Objective, policy: String, stages: [PlannedStage],
        transfers: [PlannedTransfer], totalCost: Money, totalTime: TimeSpan, proof: Proof, outlook: Outlook? = nil,
        caveats: [String] = []
    ) {
        self.pipeline = pipeline
        self.objective = objective
        self.policy = policy
        self.stages = stages
        self.transfers = transfers
        self.totalCost = totalCost
        self.totalTime = totalTime
        self.proof = proof
        self.outlook = outlook ?? Outlook(cost: Estimate(totalCost), time: Estimate(totalTime))
        self.caveats = caveats
    }

    /// What comes to this machine before anything else begins, wherever the stages are.
    public var openings: [PlannedTransfer] {
        transfers.filter { $0.to == .here && stage(named: $0.toStage)?.offer.location != .here }
    }

    /// Counts one of `openings`.
    public mutating func begin(with transfer: PlannedTransfer) {
        transfers.append(transfer)
        totalCost += transfer.cost
        totalTime = totalTime + transfer.duration
        proof.costLowerBound += transfer.cost
        proof.timeLowerBound = proof.timeLowerBound + transfer.duration
        for index in stages.indices {
            guard let other = stages[index].runnerUp, other.offer.location != .here else { continue }
            stages[index].runnerUp = PlannedStage.RunnerUp(
                offer: other.offer, totalCost: other.totalCost + transfer.cost,
                totalTime: other.totalTime + transfer.duration)
        }
        outlook = Outlook(
            cost: Estimate(
                low: outlook.cost.low + transfer.cost, expected: outlook.cost.expected + transfer.cost,
                high: outlook.cost.high + transfer.cost),
            time: Estimate(
                low: outlook.time.low + transfer.duration, expected: outlook.time.expected + transfer.duration,
                high: outlook.time.high + transfer.duration))
    }

    public func stage(named name: String) -> PlannedStage? { stages.first { $0.stage == name } }

    /// The probability that no stage is interrupted before it has done its work once.
    public var reliability: Double { stages.reduce(1) { $0 * ($1.reliability ?? 1) } }
}

/// Where one stage runs, what that should cost, and why there.
public struct PlannedStage: Hashable, Sendable, Codable {
    public var stage: String
    public var offer: Offer
    public var numNodes: Int
    /// Copies of a service, each of `numNodes` nodes; 1 for a batch stage.
    public var replicas: Int
    /// Of all nodes of all replicas together.
    public var pricePerHour: Money
    /// How long the stage is expected to work, or is paid for if it is a service.
    public var duration: TimeSpan
    /// Between what it should lie.
    public var durationRange: Estimate<TimeSpan>
    public var durationSource: DurationSource
    /// From asking for machines until they are given back.
    public var heldTime: TimeSpan
    /// How often spot machines are expected to be taken away.
    public var interruptions: Double
    /// The probability that nothing interrupts it before it has done its work once; nil in plans of older versions.
    public var reliability: Double?
    public var cost: Money
    /// Its sum is `cost`.
    public var costParts: CostParts
    /// How it keeps a deadline of its own on spot machines, of which `offer` is then one; nil: it stays on `offer`.
    public var deadline: DeadlineTerms?
    /// One sentence: `cheapest of 214 offers with confidential, 8+ CPUs and 32+ GiB`.
    public var reason: String
    /// The best plan that puts this stage into another region or type; nil if there is none.
    public var runnerUp: RunnerUp?

    public struct RunnerUp: Hashable, Sendable, Codable {
        public var offer: Offer
        /// Of the whole plan with this stage there and everything else re-chosen.
        public var totalCost: Money
        public var totalTime: TimeSpan

        public init(offer: Offer, totalCost: Money, totalTime: TimeSpan) {
            self.offer = offer
            self.totalCost = totalCost
            self.totalTime = totalTime
        }
    }

    public init(
        stage: String, offer: Offer, numNodes: Int, pricePerHour: Money, duration: TimeSpan,
        durationRange: Estimate<TimeSpan>? = nil, durationSource: DurationSource = .estimate,
        heldTime: TimeSpan? = nil, interruptions: Double = 0, reliability: Double? = nil, cost: Money,
        costParts: CostParts? = nil, deadline: DeadlineTerms? = nil, reason: String, runnerUp: RunnerUp? = nil,
        replicas: Int = 1
    ) {
        self.stage = stage
        self.offer = offer
        self.numNodes = numNodes
        self.pricePerHour = pricePerHour
        self.duration = duration
        self.durationRange = durationRange ?? Estimate(duration)
        self.durationSource = durationSource
        self.heldTime = heldTime ?? duration
        self.interruptions = interruptions
        self.reliability = reliability
        self.cost = cost
        self.costParts = costParts ?? CostParts(machines: cost)
        self.deadline = deadline
        self.reason = reason
        self.runnerUp = runnerUp
        self.replicas = replicas
    }
}

/// One artifact on its way to the stage that reads it.
public struct PlannedTransfer: Hashable, Sendable, Codable {
    /// `preprocess.clean` or the input's own name for things that come from outside.
    public var artifact: String
    public var toStage: String
    public var from: Location
    public var to: Location
    /// Zero when the pipeline does not say.
    public var size: DataSize
    public var cost: Money
    public var duration: TimeSpan
    /// By several machines, or by way of a third region; nil: the plain way.
    public var way: TransferPlan?

    public init(
        artifact: String, toStage: String, from: Location, to: Location, size: DataSize, cost: Money,
        duration: TimeSpan, way: TransferPlan? = nil
    ) {
        self.way = way
        self.artifact = artifact
        self.toStage = toStage
        self.from = from
        self.to = to
        self.size = size
        self.cost = cost
        self.duration = duration
    }
}

extension PlannedTransfer {
    /// Something on its way to this machine, at these rates.
    public init(
        openingWith artifact: String, ofStage stage: String, from: Location, size: DataSize,
        _ rates: some TransferRates
    ) {
        let seconds = Double(size.bytes) * 8 / 1e9 / rates.gigabitsPerSecond(from: from, to: .here)
        self.init(
            artifact: artifact, toStage: stage, from: from, to: .here, size: size,
            cost: rates.egress(from: from, to: .here).price(of: size),
            duration: TimeSpan(milliseconds: Int64(seconds * 1000)))
    }
}

extension Plan.Proof {
    /// Also reads proofs that were kept before there were bounds on time.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            isOptimal: try container.decode(Bool.self, forKey: .isOptimal),
            costLowerBound: try container.decode(Money.self, forKey: .costLowerBound),
            timeLowerBound: try container.decodeIfPresent(TimeSpan.self, forKey: .timeLowerBound) ?? .zero,
            gap: try container.decodeIfPresent(Double.self, forKey: .gap))
    }
}

import SkyCore
import SkyCatalog
import SkySpec

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A plan as `sky plan --output json` prints it: a stable, documented shape (`docs/plan-json.md`), apart from how plans
/// are kept internally. Amounts are exact decimals in strings, durations seconds, sizes bytes; absent things are null.
public struct PlanJSON: Hashable, Sendable, Codable {
    /// Rises when a field changes its meaning or goes away; new fields do not raise it.
    public static let currentVersion = 1

    var version = Self.currentVersion
    var pipeline: String
    var objective: ObjectiveShape
    var policy: String
    var proof: ProofShape
    var stages: [StageShape]
    var transfers: [TransferShape]
    var totalCostUsd: String
    var totalTimeSeconds: Double
    /// Low, expected and high.
    var outlook: OutlookShape
    var caveats: [String]

    public init(_ plan: Plan) {
        pipeline = plan.pipeline
        objective = ObjectiveShape(plan.objective)
        policy = plan.policy
        proof = ProofShape(
            isOptimal: plan.proof.isOptimal, costLowerBoundUsd: plan.proof.costLowerBound.exactDecimal,
            timeLowerBoundSeconds: plan.proof.timeLowerBound.seconds, gap: plan.proof.gap)
        stages = plan.stages.map(StageShape.init)
        transfers = plan.transfers.map(TransferShape.init)
        totalCostUsd = plan.totalCost.exactDecimal
        totalTimeSeconds = plan.totalTime.seconds
        outlook = OutlookShape(plan.outlook)
        caveats = plan.caveats
    }

    /// The JSON text, keys sorted, with a line feed at its end.
    ///
    /// - Throws: `EncodingError` only if a figure is not finite, such as an offer of infinitely many CPUs.
    public func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}

extension PlanJSON {
    struct ObjectiveShape: Hashable, Codable {
        var minimize: String
        @OrNull var deadlineSeconds: Double?
        @OrNull var budgetUsd: String?
        @OrNull var hourUsd: String?
        @OrNull var reliabilityUsd: String?

        init(_ objective: Objective) {
            switch objective {
            case .cost, .costWithin: minimize = "cost"
            case .time, .timeWithin: minimize = "time"
            case .weighted: minimize = "weighted"
            }
            if case .costWithin(let deadline) = objective { deadlineSeconds = deadline.seconds }
            if case .timeWithin(let budget) = objective { budgetUsd = budget.exactDecimal }
            if case .weighted(let perHour, let perInterruption) = objective {
                hourUsd = perHour.exactDecimal
                if perInterruption > .zero { reliabilityUsd = perInterruption.exactDecimal }
            }
        }
    }

    struct ProofShape: Hashable, Codable {
        var isOptimal: Bool
        var costLowerBoundUsd: String
        var timeLowerBoundSeconds: Double
        @OrNull var gap: Double?
    }

    struct StageShape: Hashable, Codable {
        var stage: String
        var offer: OfferShape
        var numNodes: Int
        var replicas: Int
        var pricePerHourUsd: String
        var durationSeconds: Double
        var durationRangeSeconds: [Double]
        /// `estimate`, `learned`, `scaled` or `assumed`.
        var durationSource: String
        var heldSeconds: Double
        var expectedInterruptions: Double
        @OrNull var reliability: Double?
        var costUsd: String
        var costPartsUsd: CostPartsShape
        var reason: String
        /// Null unless it keeps a deadline of its own on spot.
        @OrNull var deadline: DeadlineShape?
        @OrNull var runnerUp: RunnerUpShape?

        init(_ stage: PlannedStage) {
            self.stage = stage.stage
            offer = OfferShape(stage.offer)
            numNodes = stage.numNodes
            replicas = stage.replicas
            pricePerHourUsd = stage.pricePerHour.exactDecimal
            durationSeconds = stage.duration.seconds
            durationRangeSeconds = [stage.durationRange.low.seconds, stage.durationRange.high.seconds]
            durationSource = stage.durationSource.name
            heldSeconds = stage.heldTime.seconds
            expectedInterruptions = stage.interruptions
            reliability = stage.reliability
            costPartsUsd = CostPartsShape(stage.costParts)
            costUsd = stage.cost.exactDecimal
            reason = stage.reason
            deadline = stage.deadline.map(DeadlineShape.init)
            runnerUp = stage.runnerUp.map(RunnerUpShape.init)
        }
    }

    struct DeadlineShape: Hashable, Codable {
        var seconds: Double
        var workSeconds: Double
        var changeoverSeconds: Double
        @OrNull var checkpointSeconds: Double?
        var intervalSeconds: Double
        var onDemandOffer: OfferShape
        var onDemandPricePerHourUsd: String
        var onDemandCostUsd: String
        var onDemandBySeconds: Double
        var expectedFinishSeconds: Double
        var latestFinishSeconds: Double

        init(_ terms: DeadlineTerms) {
            seconds = terms.job.deadline.seconds
            workSeconds = terms.job.work.seconds
            changeoverSeconds = terms.job.changeover.seconds
            intervalSeconds = terms.interval.seconds
            onDemandOffer = OfferShape(terms.onDemand)
            onDemandPricePerHourUsd = terms.job.onDemandPrice.exactDecimal
            onDemandCostUsd = terms.onDemandCost.exactDecimal
            onDemandBySeconds = terms.onDemandAtTheLatest.seconds
            expectedFinishSeconds = terms.expectedFinish.seconds
            latestFinishSeconds = terms.latestFinish.seconds
            checkpointSeconds = terms.checkpoint?.seconds
        }
    }

    struct CostPartsShape: Hashable, Codable {
        var machines: String
        var interruptions: String
        var disks: String
        var addresses: String

        init(_ parts: CostParts) {
            machines = parts.machines.exactDecimal
            interruptions = parts.interruptions.exactDecimal
            disks = parts.disks.exactDecimal
            addresses = parts.addresses.exactDecimal
        }
    }

    struct OutlookShape: Hashable, Codable {
        var costUsd: [String]
        var timeSeconds: [Double]

        init(_ outlook: Plan.Outlook) {
            costUsd = [outlook.cost.low, outlook.cost.expected, outlook.cost.high].map(\.exactDecimal)
            timeSeconds = [outlook.time.low, outlook.time.expected, outlook.time.high].map(\.seconds)
        }
    }

    struct OfferShape: Hashable, Codable {
        var provider: String
        var region: String
        @OrNull var zone: String?
        var instanceType: String
        var market: String
        @OrNull var accelerator: AcceleratorShape?
        var cpus: Double
        var memoryGib: Double
        var pricePerHourUsd: String
        var capabilities: [String]

        init(_ offer: Offer) {
            provider = offer.provider
            region = offer.region
            instanceType = offer.instanceType
            market = offer.market.rawValue
            cpus = offer.cpus
            memoryGib = offer.memoryGiB
            pricePerHourUsd = offer.pricePerHour.exactDecimal
            capabilities = offer.capabilities
            zone = offer.zone
            accelerator = offer.accelerator.map { AcceleratorShape(name: $0.name, count: $0.count) }
        }
    }

    struct AcceleratorShape: Hashable, Codable {
        var name: String
        var count: Double
    }

    struct RunnerUpShape: Hashable, Codable {
        var offer: OfferShape
        var totalCostUsd: String
        var totalTimeSeconds: Double

        init(_ runnerUp: PlannedStage.RunnerUp) {
            offer = OfferShape(runnerUp.offer)
            totalCostUsd = runnerUp.totalCost.exactDecimal
            totalTimeSeconds = runnerUp.totalTime.seconds
        }
    }

    struct TransferShape: Hashable, Codable {
        var artifact: String
        var toStage: String
        var from: PlaceShape
        var to: PlaceShape
        var sizeBytes: Int64
        var costUsd: String
        var durationSeconds: Double
        /// Left out for the plain way.
        var way: WayShape?

        init(_ transfer: PlannedTransfer) {
            way = transfer.way.map(WayShape.init)
            artifact = transfer.artifact
            toStage = transfer.toStage
            from = PlaceShape(transfer.from)
            to = PlaceShape(transfer.to)
            sizeBytes = transfer.size.bytes
            costUsd = transfer.cost.exactDecimal
            durationSeconds = transfer.duration.seconds
        }
    }

    /// By several machines, or by way of a third region.
    struct WayShape: Hashable, Codable {
        var route: [PlaceShape]
        var machinesPerPlace: Int
        var connections: Int
        var gigabitsPerSecond: Double
        var egressUsd: String
        var machinesUsd: String

        init(_ plan: TransferPlan) {
            route = plan.route.map(PlaceShape.init)
            machinesPerPlace = plan.machines
            connections = plan.connections
            gigabitsPerSecond = plan.gigabitsPerSecond
            egressUsd = plan.egressCost.exactDecimal
            machinesUsd = plan.machineCost.exactDecimal
        }
    }

    struct PlaceShape: Hashable, Codable {
        var provider: String
        var region: String

        init(_ location: Location) {
            provider = location.provider
            region = location.region
        }
    }
}

/// Writes null for nil instead of leaving the field out, so that every field is always there.
@propertyWrapper
struct OrNull<Value: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
    var wrappedValue: Value?

    init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        wrappedValue = container.decodeNil() ? nil : try container.decode(Value.self)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}

extension TimeSpan {
    fileprivate var seconds: Double { Double(milliseconds) / 1000 }
}

import SkyCatalog
import SkyCore
import SkyPlacement

/// `sky plan --explain --output json`.
struct ExplanationJSON: Encodable {
    struct Step: Encodable {
        let constraint: String
        let fallen: Int
        let failing: Int
        let unlocked: Int
    }

    struct Place: Encodable {
        let provider: String
        let region: String
        let instanceType: String
        let market: String

        init(_ offer: Offer) {
            provider = offer.provider
            region = offer.region
            instanceType = offer.instanceType
            market = offer.market.rawValue
        }
    }

    struct Elimination: Encodable {
        let considered: Int
        let remaining: Int
        let steps: [Step]
        @Nullable var nearestMiss: Place?
        let nearestMissFails: [String]

        init(_ elimination: OfferElimination) {
            considered = elimination.considered
            remaining = elimination.remaining
            steps = elimination.steps.map {
                Step(constraint: $0.phrase, fallen: $0.fallen, failing: $0.failing, unlocked: $0.unlocked)
            }
            _nearestMiss = Nullable(wrappedValue: elimination.nearestMiss.map(Place.init))
            nearestMissFails = elimination.nearestMissFails.filter(elimination.steps.indices.contains)
                .map { elimination.steps[$0].phrase }
        }
    }

    struct Relaxation: Encodable {
        let constraint: String
        let offer: Place
        let totalCostUsd: Dollars
        let totalTimeSeconds: Double
        let savedUsd: Dollars
    }

    struct Stage: Encodable {
        let stage: String
        let requests: [Elimination]
        let relaxations: [Relaxation]
        @Nullable var withFreeEgress: Place?
    }

    let version = 1
    let egressUsd: Dollars
    let priceOfDataGravityUsd: Dollars
    let stages: [Stage]

    init(_ explanation: PlanExplanation) {
        egressUsd = Dollars(explanation.egress)
        priceOfDataGravityUsd = Dollars(explanation.priceOfDataGravity)
        stages = explanation.stages.map { stage in
            Stage(
                stage: stage.stage, requests: stage.eliminations.map(Elimination.init),
                relaxations: stage.relaxations.map {
                    Relaxation(
                        constraint: $0.phrase, offer: Place($0.offer), totalCostUsd: Dollars($0.totalCost),
                        totalTimeSeconds: Double($0.totalTime.milliseconds) / 1000, savedUsd: Dollars($0.saved))
                },
                withFreeEgress: stage.withFreeEgress.map(Place.init))
        }
    }

    func text() throws -> String { try JSONText.encode(self) }
}

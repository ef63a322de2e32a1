import SkyCatalog
import SkyCore
import SkyPlacement

/// `sky plan --frontier --output json`.
struct FrontJSON: Encodable {
    struct Place: Encodable {
        let stage: String
        let provider: String
        let region: String
        let instanceType: String
        let market: String
        let costUsd: Dollars
    }

    struct Point: Encodable {
        let number: Int
        let costUsd: Dollars
        let timeSeconds: Double
        let isProven: Bool
        let stages: [Place]
    }

    let version = 1
    let pipeline: String
    let isComplete: Bool
    let points: [Point]

    init(pipeline: String, front: ParetoFront, stages: [String]) {
        self.pipeline = pipeline
        isComplete = front.isComplete
        points = front.points.enumerated().map { index, point in
            Point(
                number: index + 1, costUsd: Dollars(point.cost),
                timeSeconds: Double(point.time.milliseconds) / 1000, isProven: point.isProven,
                stages: stages.compactMap { stage in
                    point.placement[stage].map { candidate in
                        Place(
                            stage: stage, provider: candidate.offer.provider, region: candidate.offer.region,
                            instanceType: candidate.offer.instanceType, market: candidate.offer.market.rawValue,
                            costUsd: Dollars(candidate.cost))
                    }
                })
        }
    }

    func text() throws -> String { try JSONText.encode(self) }
}

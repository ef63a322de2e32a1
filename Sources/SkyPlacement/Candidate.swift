public import SkyCatalog
public import SkyCore
import SkySpec

/// One offer that a stage could run on, with what that would cost and how long it would take.
public struct Candidate: Hashable, Sendable {
    /// Position among all of the stage's candidates; narrowing a problem does not change it.
    public let index: Int
    public let offer: Offer
    /// Of all nodes and replicas together.
    public let pricePerHour: Money
    /// How long the stage runs, or is paid for if it is a service.
    public let duration: TimeSpan
    /// False when the pipeline gives no estimate and an hour is assumed.
    public let durationIsEstimated: Bool
    /// `pricePerHour` for `duration`; moving data is not in it.
    public let cost: Money

    public var location: Location { offer.location }

    /// Longer stages are counted as this long (30,000 years), so that no sum of times overflows.
    static let longest = TimeSpan(milliseconds: 1 << 50)

    init(index: Int, offer: Offer, nodes: Int, estimate: DurationEstimate) {
        let given = estimate.duration(onAny: offer.accelerator)?.expected
        self.index = index
        self.offer = offer
        pricePerHour = max(offer.pricePerHour, .zero) * nodes
        duration = min(max(given ?? .hour, .zero), Self.longest)
        durationIsEstimated = given != nil
        cost = pricePerHour.perHour(for: duration)
    }

    /// `aws/us-east-1 p4d.24xlarge`.
    public var description: String { "\(offer.location) \(offer.instanceType)" }
}

extension Candidate: CustomStringConvertible {}

extension DurationEstimate {
    /// The author's figure for these accelerators however they spell the name, or the general one.
    fileprivate func duration(onAny accelerator: AcceleratorCount?) -> Estimate<TimeSpan>? {
        guard let accelerator, !perAccelerator.isEmpty else { return duration(on: accelerator) }
        if let exact = perAccelerator.first(where: { $0.accelerator == accelerator }) { return exact.duration }
        let name = accelerator.name.lowercased()
        let alike = perAccelerator.first {
            $0.accelerator.count == accelerator.count && $0.accelerator.name.lowercased() == name
        }
        return alike?.duration ?? general
    }
}

/// A stage of a placement problem: what it asks for and where it can run.
public struct StageChoices: Sendable {
    public let name: String
    /// Any one of these.
    public let requests: [ResourceRequest]
    public let numNodes: Int
    /// Copies of a service; 1 for a batch stage.
    public let replicas: Int
    /// A service is up as soon as its inputs are there: its duration is paid for but does not delay the plan's end.
    public let isService: Bool
    /// It already runs, or ran, where it is: its only candidate is that offer.
    public let isPinned: Bool
    /// Never empty.
    public internal(set) var candidates: [Candidate]

    /// How long the stage keeps what comes after it waiting.
    func pathTime(of candidate: Candidate) -> TimeSpan { isService ? .zero : candidate.duration }
}

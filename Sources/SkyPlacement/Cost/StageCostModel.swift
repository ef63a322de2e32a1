import SkyCatalog
import SkyCore
import SkySpec

/// What one stage costs and how long it takes, offer by offer.
struct StageCostModel: Sendable {
    /// GB of disk that a machine gets when the pipeline does not say.
    static let usualDiskGB = 100

    let durations: DurationModel
    let numNodes: Int
    let replicas: Int
    let isService: Bool
    let checkpoint: TimeSpan?
    let needsAddress: Bool

    /// How things turn out.
    enum Luck {
        /// The low estimate, no interruption.
        case good
        /// What is expected, interruptions included.
        case usual
        /// The high estimate, more interruptions than in nineteen of twenty cases, and one failed try to get machines.
        case bad
    }

    struct Outcome: Sendable {
        /// From asking for the machines until the stage is done, or the service's planned time is over.
        var held: TimeSpan
        /// How long what comes after it has to wait.
        var path: TimeSpan
        var parts: CostParts
        var interruptions: Double
    }

    init(_ stage: Stage, past: [PlacementHistory.PastRun], speeds: [String: Double]) {
        durations = DurationModel(estimate: stage.estimate, past: past, speeds: speeds)
        numNodes = max(stage.numNodes, 1)
        replicas = max(stage.service?.replicas ?? 1, 1)
        isService = stage.service != nil
        checkpoint = stage.checkpointInterval
        needsAddress = isService || !stage.resources.ports.isEmpty
    }

    func outcome(_ luck: Luck, on machines: Machines, duration: Estimate<TimeSpan>) -> Outcome {
        let boot = machines.terms.bootTime
        let work: TimeSpan
        switch luck {
        case .good: work = duration.low
        case .usual: work = duration.expected
        case .bad: work = duration.high
        }
        let (expected, interruptions) = withInterruptions(luck, work, on: machines)
        let held = boot + expected
        let failedTry = luck == .bad ? boot : .zero
        let undisturbed = machines.price(of: machines.terms.billed(for: boot + work))
        let whole = machines.price(of: machines.terms.billed(for: held))
        let parts = CostParts(
            machines: undisturbed, interruptions: whole - undisturbed, disks: machines.priceOfDisks(for: held),
            addresses: needsAddress ? machines.priceOfAddresses(for: held) : .zero)
        return Outcome(
            held: held, path: failedTry + (isService ? boot : held), parts: parts, interruptions: interruptions)
    }

    /// Expected interruptions of all machines while they start and do the work once: a Poisson process has none with the
    /// probability e^(−risk), so that the risks of a plan's stages add up. Zero on demand.
    func risk(on machines: Machines, duration: TimeSpan) -> Double {
        guard machines.offer.market == .spot else { return 0 }
        let perMonth = machines.offer.interruptionsPerMonth ?? InterruptionModel.assumedPerMonth
        return InterruptionModel(perMonth: perMonth, nodes: machines.count)
            .expectedCount(during: machines.terms.bootTime + duration)
    }

    /// A service has no work to lose: what an interruption costs it is being away.
    private func withInterruptions(
        _ luck: Luck, _ work: TimeSpan, on machines: Machines
    ) -> (time: TimeSpan, count: Double) {
        guard machines.offer.market == .spot, luck != .good else { return (work, 0) }
        let perMonth = machines.offer.interruptionsPerMonth ?? InterruptionModel.assumedPerMonth
        let model = InterruptionModel(perMonth: perMonth, nodes: machines.count)
        guard !isService else { return (work, model.expectedCount(during: work)) }
        let expected = model.expectedTime(work: work, restart: machines.terms.bootTime, checkpoint: checkpoint)
        guard luck == .bad else { return (expected, model.expectedCount(during: expected)) }
        let count = model.highCount(during: expected)
        let lost = min(checkpoint ?? work, work) + machines.terms.bootTime
        return (max(work + lost.scaled(by: Double(count)), expected), Double(count))
    }
}

/// The machines of one candidate, and how their provider bills them.
struct Machines: Sendable {
    let offer: Offer
    /// Of all replicas.
    let count: Int
    let disk: Disk
    let terms: RentalTerms

    var pricePerHour: Money { max(offer.pricePerHour, .zero) * count }

    func price(of span: TimeSpan) -> Money { pricePerHour.perHour(for: span) }

    func priceOfDisks(for span: TimeSpan) -> Money {
        (terms.diskPrice(disk.gigabytes, tier: disk.tier, on: offer.instanceType) * count).perHour(for: span)
    }

    func priceOfAddresses(for span: TimeSpan) -> Money { (terms.addressPricePerHour * count).perHour(for: span) }
}

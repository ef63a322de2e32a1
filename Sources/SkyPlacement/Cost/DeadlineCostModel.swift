import SkyCatalog
import SkyCore
import SkySpec

/// What a stage with a deadline of its own costs on spot machines that it leaves for the same on demand when it must.
struct DeadlineCostModel {
    let stage: StageCostModel
    let deadline: TimeSpan
    let outlooks: DeadlineOutlooks

    /// Setting up and reading a checkpoint back have to fit in as well, and some machines start slowly: a promise reckons with
    /// so many usual starts for one.
    private static let startsPromised: Int64 = 2
    /// Decisions are made at least so often, and so many times while the stage may wait.
    private static let longestInterval = TimeSpan.seconds(60)
    private static let decisions: Int64 = 50

    /// Whether machines on demand that are asked for at the stage's start are in time.
    func isKept(on machines: Machines, _ duration: Estimate<TimeSpan>) -> Bool {
        machines.terms.bootTime + duration.high <= deadline
    }

    /// - Returns: nil when spot is not worth its trouble, or there is no time for it.
    func course(
        spot: Machines, onDemand: Machines, _ duration: Estimate<TimeSpan>
    ) -> (terms: DeadlineTerms, outcome: StageCostModel.Outcome)? {
        let boot = spot.terms.bootTime
        let changeover = max(TimeSpan(milliseconds: boot.milliseconds * Self.startsPromised), .seconds(1))
        let job = DeadlineJob(
            work: duration.high, deadline: deadline, changeover: changeover, onDemandPrice: onDemand.pricePerHour,
            spotPrice: spot.pricePerHour)
        let slack = job.deadline - job.work - job.changeover
        guard slack > job.changeover else { return nil }
        let model = SpotModel(interruptionsPerMonth: spot.offer.interruptionsPerMonth, nodes: spot.count)
        let estimate = DeadlineSpotEstimate(
            job, model: model, checkpoint: stage.checkpoint,
            usual: .init(work: duration.expected, changeover: min(boot, changeover)), outlooks: outlooks)
        let parts = costParts(estimate, spot: spot, duration.expected)
        let throughout = stage.outcome(.usual, on: onDemand, duration: duration).parts.total
        guard parts.total < throughout else { return nil }
        let held = estimate.onSpot + estimate.onDemand
        let terms = DeadlineTerms(
            job: job, spot: spot.offer, onDemand: onDemand.offer, checkpoint: stage.checkpoint,
            interval: min(
                max(TimeSpan(milliseconds: slack.milliseconds / Self.decisions), .seconds(1)), Self.longestInterval),
            expectedCost: parts.total, onDemandCost: throughout, expectedFinish: estimate.expectedFinish,
            latestFinish: estimate.latestFinish)
        return (
            terms,
            .init(
                held: held, path: estimate.latestFinish, parts: parts, interruptions: estimate.interruptions)
        )
    }

    /// Machines are those of an undisturbed job on spot; all that comes of losing it is the cost of interruptions.
    private func costParts(_ estimate: DeadlineSpotEstimate, spot: Machines, _ work: TimeSpan) -> CostParts {
        let held = estimate.onSpot + estimate.onDemand
        // Each time that machines are given back, half of what is billed at a time was for nothing on average.
        let unused = TimeSpan(milliseconds: spot.terms.billingIncrement.milliseconds / 2)
            .scaled(by: 1 + estimate.interruptions)
        let machines = max(estimate.expectedCost + spot.price(of: unused), spot.price(of: spot.terms.minimumBilled))
        let undisturbed = min(spot.price(of: spot.terms.billed(for: spot.terms.bootTime + work)), machines)
        return CostParts(
            machines: undisturbed, interruptions: machines - undisturbed, disks: spot.priceOfDisks(for: held),
            addresses: stage.needsAddress ? spot.priceOfAddresses(for: held) : .zero)
    }
}

extension StageCostModel {
    /// What a stage on such terms comes to.
    ///
    /// Good: never interrupted. Bad: all of it on demand after a start on spot that came to nothing, and not done before the last
    /// moment.
    func outcome(
        _ luck: Luck, on terms: DeadlineTerms, of candidate: Candidate, spot: Machines, onDemand: Machines
    ) -> Outcome {
        switch luck {
        case .good: return outcome(.good, on: spot, duration: candidate.durationRange)
        case .usual:
            return Outcome(
                held: candidate.heldTime, path: terms.expectedFinish, parts: candidate.costParts,
                interruptions: candidate.interruptions)
        case .bad:
            let duration = Estimate(candidate.durationRange.high)
            var bad = outcome(.usual, on: onDemand, duration: duration)
            bad.parts.interruptions += spot.price(of: spot.terms.billed(for: spot.terms.bootTime))
            bad.parts.interruptions += max(candidate.cost - bad.parts.total, .zero)
            bad.path = terms.latestFinish
            return bad
        }
    }
}

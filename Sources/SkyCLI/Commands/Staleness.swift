import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProcess
import SkyStorage

/// Whether what a plan file says still holds.
struct Staleness {
    private let file: PlanFile
    private let path: String
    private let market: Market
    private let now: Instant

    /// - Parameter path: of the plan file.
    init(_ file: PlanFile, path: String, market: Market, now: Instant) {
        self.file = file
        self.path = path
        self.market = market
        self.now = now
    }

    /// - Throws: `CommandFailure` with every reason, and old → new in dollars and hours.
    func refuse() throws {
        var reasons: [String] = []
        if now > file.provenance.expiresAt {
            reasons.append("its prices were good until \(Figures.ago(file.provenance.expiresAt, at: now))")
        }
        let source = file.provenance.pipelineFile
        if let bytes = (try? Files.read(source)) ?? nil,
            ArtifactDigest(hashing: bytes).hex != file.provenance.pipelineDigest
        {
            reasons.append("\(source) has changed since")
        }
        reasons += changedQuotas()
        let today = priceAgain(&reasons)
        guard !reasons.isEmpty else { return }
        var details = reasons
        if let today {
            let difference = PlanComparison(from: file.plan, to: today)
            details += ComparisonScreen(comparison: difference).lines(width: 100).map { $0.painted(.plain) }
        }
        throw CommandFailure(
            .wrongRequest, "the plan is stale, and nothing was started", details: details,
            hints: ["sky plan \(source) --diff \(path)", "sky plan \(source) -o \(path)"])
    }

    /// Each quota that says something else than when the plan was made: `aws p4*: 96 CPUs → 48 CPUs`.
    private func changedQuotas() -> [String] {
        let (old, new) = (file.provenance.quotas, market.offers.catalog.quotas(of: file.plan))
        let changed = new.filter { !old.contains($0) }.map { quota in
            "the quota known of \(quota.subject): "
                + "\(old.first { $0.subject == quota.subject && $0.unit == quota.unit }?.amount ?? "none") → \(quota.amount)"
        }
        let gone = old.filter { quota in
            !new.contains { $0.subject == quota.subject && $0.unit == quota.unit }
        }
        return changed + gone.map { "the quota known of \($0.subject): \($0.amount) → none" }
    }

    /// What the same places cost today; where one is gone, the best plan there is today.
    private func priceAgain(_ reasons: inout [String]) -> Plan? {
        do throws(PlacementError) {
            var today = try Planner().plan(
                file.pipeline, offers: market.offers, policy: SamePlaces(as: file.plan), history: file.history)
            for opening in file.plan.openings {
                let again = PlannedTransfer(
                    openingWith: opening.artifact, ofStage: opening.toStage, from: opening.from, size: opening.size,
                    market.offers)
                today.begin(with: again)
            }
            if PlanComparison(from: file.plan, to: today).isDifferent {
                reasons.append("the same places cost or take something else now")
            }
            return today
        } catch {
            if case .refused(_, let reason) = error { reasons.append(reason) } else { reasons.append("\(error)") }
            return try? Planner().plan(file.pipeline, offers: market.offers, history: file.history)
        }
    }
}

extension Catalog {
    /// What is known of the account's quotas at the providers of a plan.
    func quotas(of plan: Plan) -> [Quota] {
        let providers = Set(plan.stages.map(\.offer.provider))
        return quotas.filter { providers.contains($0.provider) }
    }
}

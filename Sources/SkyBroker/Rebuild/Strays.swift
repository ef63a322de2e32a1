public import SkyCore
import SkyPlacement
public import SkyProviders

/// A group that is rented and belongs to no live run of this journal.
public struct Stray: Hashable, Sendable {
    public enum Standing: String, Hashable, Sendable, Codable {
        /// The journal says that its run has ended.
        case ended
        /// The journal has never heard of its run: lost with another journal, or of a broker on another machine.
        case unknown
    }

    public let group: NodeGroup
    public let standing: Standing
    /// Since when it is rented, if the provider or the journal says so.
    public let since: Instant?
    /// Until now; nil when its beginning or its price is not known.
    public let cost: Money?
}

extension Journal {
    /// What nobody will give back. A run is live from its first event on, which is written before anything is
    /// rented: so a group that is just being made is never a stray, provided that the survey was made before this is asked.
    ///
    /// - Parameter rebuilt: runs that a person already knows of without the journal.
    public func strays(in survey: Survey, rebuilt: Set<RunID>, at now: Instant) throws(JournalError) -> [Stray] {
        let (live, known) = (Set(try unfinishedRuns()), Set(try runs()))
        var states: [RunID: RunState] = [:]
        var strays: [Stray] = []
        for group in survey.groups where !live.contains(group.run) && !rebuilt.contains(group.run) {
            guard known.contains(group.run) else {
                strays.append(Stray(group: group, standing: .unknown, since: group.createdAt, cost: nil))
                continue
            }
            if states[group.run] == nil { states[group.run] = try state(of: group.run) }
            let attempts = states[group.run]?.stages.flatMap(\.attempts) ?? []
            let attempt = attempts.first { $0.id.token == group.token }
            let since = group.createdAt ?? attempt?.provisionedAt
            let price = attempt?.planned.pricePerHour
            let cost: Money? = if let since, let price { price.perHour(for: max(.zero, now - since)) } else { nil }
            strays.append(Stray(group: group, standing: .ended, since: since, cost: cost))
        }
        return strays
    }

    /// Looked at once more just before anything is done to a group of the run.
    public func isLive(_ run: RunID) throws(JournalError) -> Bool { try unfinishedRuns().contains(run) }
}

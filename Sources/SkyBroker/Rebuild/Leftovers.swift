import SkyCatalog
public import SkyCore
import SkyPlacement
public import SkyProviders

/// A group that a provider still lists under a run's tag, with what it costs.
public struct Leftover: Hashable, Sendable {
    public let group: NodeGroup
    /// Since when it is rented, if the provider or the journal says so.
    public let since: Instant?
    /// Of the whole group; nil when the journal does not know it.
    public let pricePerHour: Money?

    public init(group: NodeGroup, since: Instant?, pricePerHour: Money?) {
        self.group = group
        self.since = since
        self.pricePerHour = pricePerHour
    }

    /// Until `now`; nil when its beginning or its price is not known.
    public func cost(at now: Instant) -> Money? {
        guard let since, let pricePerHour else { return nil }
        return pricePerHour.perHour(for: max(.zero, now - since))
    }
}

extension RunState {
    /// Those that its tries may have rented from.
    public var providersUsed: Set<String> {
        Set(stages.flatMap(\.attempts).map(\.planned.offer.provider))
    }

    /// What a survey still finds of this run.
    public func leftovers(in survey: Survey) -> [Leftover] {
        let attempts = stages.flatMap(\.attempts)
        return survey.groups.filter { $0.run == run }.map { group in
            let attempt = attempts.first { $0.id.token == group.token }
            return Leftover(
                group: group, since: group.createdAt ?? attempt?.provisionedAt,
                pricePerHour: attempt?.planned.pricePerHour)
        }
    }
}

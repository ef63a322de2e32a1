public import SkyCore

/// What a pipeline or a stage may cost, and what happens when it has.
public struct Budget: Hashable, Sendable, Codable {
    public enum AtLimit: String, Hashable, Sendable, Codable, CaseIterable {
        /// Everything is ended and given back.
        case stop
        /// Nothing new begins until a person has answered.
        case ask
        /// What runs may end, nothing new begins.
        case finish
    }

    /// Above 0.
    public var limit: Money
    public var atLimit: AtLimit

    public init(limit: Money, atLimit: AtLimit = .stop) {
        self.limit = limit
        self.atLimit = atLimit
    }
}

/// What happens when a stage can only be had for more than was planned.
public enum DeviationRule: Hashable, Sendable, Codable {
    /// It goes on without asking when it is at most so many hundredths dearer (0…1000); beyond that it asks.
    case allow(percent: Double)
    /// Nothing dearer begins until a person has answered.
    case ask
    /// The run fails.
    case fail
}

public import SkyBroker
public import SkyCore

/// What one seed came to.
public struct SeedOutcome: Sendable {
    public let seed: UInt64
    public let fall: Fall?
    /// Events that the runs' cores took in, those of the folds after deaths not counted.
    public let events: Int
    /// Events that cores took in once more, folding journals.
    public let folded: Int
    public let crashes: Int
    public let faults: [Fault]
    /// How the runs ended, by the word for it.
    public let ends: [RunState.Status]
    public let planned: Money
    public let metered: Money
}

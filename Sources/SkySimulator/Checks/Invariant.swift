public import SkyCore

/// Something that must hold after every step of every run.
public protocol Invariant: Sendable {
    /// As people read it, without a full stop.
    static var sentence: String { get }
}

extension Invariant {
    /// `OneGroupPerAttempt`
    static var name: String { "\(Self.self)" }
}

public enum OneGroupPerAttempt: Invariant {
    public static let sentence = "an attempt never has two live node groups"
}

public enum OneAttemptPerStage: Invariant {
    public static let sentence = "two attempts of one stage never hold machines at once"
}

public enum OneStagePerGroup: Invariant {
    public static let sentence = "two stages never work on one node group at once"
}

public enum NothingUnintended: Invariant {
    public static let sentence = "nothing is rented that the journal does not know as intended"
}

public enum ReleasedIsGone: Invariant {
    public static let sentence = "what the journal calls given back is given back"
}

public enum NothingLeft: Invariant {
    public static let sentence = "of a run that has ended nothing is rented"
}

public enum MoneyIsTrue: Invariant {
    public static let sentence = "the metered money is, to the cent, what the provider's books say was held"
}

public enum OneJobPerStage: Invariant {
    public static let sentence = "an attempt's job is started once, and two jobs of one stage never run at once"
}

public enum RanAsRecorded: Invariant {
    public static let sentence = "a stage ran to its end exactly as often as the journal says"
}

public enum DigestsStay: Invariant {
    public static let sentence = "an artifact's digest never changes, however often it is made"
}

public enum EveryRunEnds: Invariant {
    public static let sentence = "every run ends"
}

public enum FailuresSayWhy: Invariant {
    public static let sentence = "a run that fails says why, so that a person can act on it"
}

public enum WithinLimits: Invariant {
    public static let sentence = "no phase takes longer than its limit while a broker lives"
}

public enum HeldAsAsked: Invariant {
    public static let sentence = "nodes of a failed stage are kept no longer than was asked for, and never after a stop"
}

public enum StoppedIsStopped: Invariant {
    public static let sentence = "of a run that is stopped no machine runs"
}

public enum FoldIsState: Invariant {
    public static let sentence = "folding the journal gives the live state"
}

public enum BudgetHolds: Invariant {
    public static let sentence =
        "a budget that stops its run is overspent by no more than what a broker cannot see or end"
}

public enum SameSeedSameJournal: Invariant {
    public static let sentence = "the same seed gives the same journal"
}

public enum Invariants {
    public static let all: [any Invariant.Type] = [
        OneGroupPerAttempt.self, OneAttemptPerStage.self, OneStagePerGroup.self, NothingUnintended.self,
        ReleasedIsGone.self,
        NothingLeft.self, MoneyIsTrue.self, OneJobPerStage.self, RanAsRecorded.self, DigestsStay.self,
        EveryRunEnds.self, FailuresSayWhy.self, WithinLimits.self, HeldAsAsked.self, StoppedIsStopped.self,
        FoldIsState.self,
        BudgetHolds.self, SameSeedSameJournal.self,
    ]
}

/// An invariant that did not hold.
public struct Fall: Hashable, Sendable, Error, CustomStringConvertible {
    /// The invariant's name and sentence.
    public let invariant: String
    public let sentence: String
    /// What was seen instead.
    public let detail: String
    public let at: Instant

    public var description: String { "\(invariant): \(sentence); \(detail)" }
}

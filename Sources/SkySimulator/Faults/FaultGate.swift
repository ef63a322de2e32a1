import SkyCore

/// One thing that went wrong; the same in every history that has it.
public struct Fault: Hashable, Sendable, CustomStringConvertible {
    let decision: Decision

    public var kind: FaultKind { FaultKind(rawValue: decision.matter) ?? .kill }

    /// `lost_create_reply:1a0b`, as `--only-fault` takes it.
    public var description: String {
        "\(kind.name):\(String(decision.packed & 0x00ff_ffff_ffff_ffff, radix: 16))"
    }

    init(_ decision: Decision) { self.decision = decision }

    /// The same at the stage's first attempt, if it is about a later one.
    var atFirstAttempt: Fault? {
        switch kind {
        case .stockOut, .quota, .credentials, .fullDisk: return nil
        default:
            let attempt: UInt64 = 0xffff << 16
            guard decision.packed & attempt > 1 << 16 else { return nil }
            return Fault(Decision(packed: decision.packed & ~attempt | 1 << 16))
        }
    }

    /// Nil for what is no fault's name.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = FaultKind(name: String(parts[0])),
            let place = UInt64(parts[1], radix: 16), place <= 0x00ff_ffff_ffff_ffff
        else { return nil }
        decision = Decision(packed: UInt64(kind.rawValue) << 56 | place)
    }
}

/// Decides what goes wrong, and keeps the list of what did.
struct FaultGate {
    private let chance: Chance
    private let thresholds: [UInt64]
    /// Nil lets every fault happen that chance wants; else these happen, whatever chance wants.
    private let only: Set<Fault>?
    private let calmFrom: Instant
    private(set) var struck: [Fault] = []
    private var isStruck: Set<Fault> = []

    init(_ plan: FaultPlan, _ chance: Chance, only: Set<Fault>?, calmFrom: Instant) {
        self.chance = chance
        self.only = only
        self.calmFrom = calmFrom
        thresholds = FaultKind.allCases.map { kind in
            plan[kind] >= 1 ? .max : UInt64(plan[kind] * 0x1p64.nextDown)
        }
    }

    /// Whether it goes wrong this time.
    mutating func strikes(
        _ kind: FaultKind, run: Int, stage: Int = 0, attempt: Int = 0, count: Int = 0, at now: Instant
    ) -> Bool {
        guard canStrike(kind) else { return false }
        return decide(Decision(kind.rawValue, run: run, stage: stage, attempt: attempt, count: count), kind, now)
    }

    /// Whether it is wrong with something that has a name, in a stretch of time.
    mutating func strikes(_ kind: FaultKind, name: UInt64, period: Int, at now: Instant) -> Bool {
        guard canStrike(kind) else { return false }
        return decide(Decision(kind.rawValue, name: name, period: period), kind, now)
    }

    /// The same moment after a restart must not be met by the same death again.
    mutating func strikesOnce(
        _ kind: FaultKind, run: Int, stage: Int, attempt: Int, count: Int, at now: Instant
    ) -> Bool {
        guard canStrike(kind) else { return false }
        let decision = Decision(kind.rawValue, run: run, stage: stage, attempt: attempt, count: count)
        guard wants(decision, kind), !isStruck.contains(Fault(decision)) else { return false }
        return decide(decision, kind, now)
    }

    private func canStrike(_ kind: FaultKind) -> Bool { only != nil || thresholds[Int(kind.rawValue)] > 0 }

    private func wants(_ decision: Decision, _ kind: FaultKind) -> Bool {
        only?.contains(Fault(decision)) ?? (chance.bits(decision) <= thresholds[Int(kind.rawValue)])
    }

    private mutating func decide(_ decision: Decision, _ kind: FaultKind, _ now: Instant) -> Bool {
        guard wants(decision, kind), now < calmFrom else { return false }
        let fault = Fault(decision)
        if isStruck.insert(fault).inserted { struck.append(fault) }
        return true
    }
}

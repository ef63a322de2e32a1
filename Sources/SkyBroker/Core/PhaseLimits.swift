package import SkyCore

/// How long each phase may take before the run does something about it: no wait is for ever.
package enum PhaseLimits {
    static let lookingUp = TimeSpan.seconds(600)
    /// From asking a provider for machines until their agents answer. Large GPU machines boot in ten to fifteen minutes.
    static let provisioning = TimeSpan.seconds(1800)
    /// Bringing inputs to the nodes, or outputs from them: a terabyte at a gigabit per second takes two and a half hours.
    static let carrying = TimeSpan.seconds(6 * 3600)
    static let saving = TimeSpan.seconds(1800)
    /// For machines to stop; what has not by then is given back.
    static let halting = TimeSpan.seconds(1800)
    /// Nodes that nobody has taken over stand idle: finding out whether somebody needs them mostly takes milliseconds.
    static let yielding = TimeSpan.seconds(60)
    static let relocating = TimeSpan.seconds(300)
    /// For a person to answer a question, while nothing more is rented.
    static let asking = TimeSpan.seconds(900)

    /// Nil for phases that end by something else: a job by itself, a service by `sky down`, a pause and a hold by their own clocks, and
    /// giving back only when nothing is left, however long the provider takes.
    package static func limit(of phase: StageState.Phase) -> TimeSpan? {
        switch phase {
        case .lookingUp: lookingUp
        case .provisioning, .starting: provisioning
        case .halting: halting
        case .delivering, .collecting: carrying
        case .relocating: relocating
        case .asking: asking
        case .saving: saving
        case .yielding: yielding
        case .waiting, .running, .probing, .serving, .held, .halted, .releasing, .pausing, .ended: nil
        }
    }
}

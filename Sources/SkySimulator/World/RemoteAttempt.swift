import SkyBroker
import SkyCore
import SkyProviders

/// Which attempt of which run.
struct AttemptPlace: Hashable {
    let run: Int
    let stage: Int
    /// Counts from 1.
    let number: Int
}

/// What a provider and its nodes know of one attempt: the truth, whatever the broker believes.
final class RemoteAttempt {
    enum Machines: Hashable {
        case none
        case creating(readyAt: Instant)
        case up
        /// A person has stopped them; they cost nothing, and are still there.
        case stopped
        /// The provider took them.
        case lost
        case givenBack

        var isLive: Bool {
            switch self {
            case .creating, .up: true
            case .none, .stopped, .lost, .givenBack: false
            }
        }

        /// The provider has something that somebody will have to give back.
        var isThere: Bool { isLive || self == .stopped }
    }

    enum Job: Hashable {
        case none
        case working(until: Instant, code: Int)
        case ended(code: Int)
        /// Its node went away under it.
        case killed
    }

    var machines = Machines.none
    /// The token was given back: nothing is made under it any more.
    var isFenced = false
    /// Groups made under tokens of this attempt that are still live; more than one is what must never be.
    var liveGroups = 0
    var pool = -1
    var nodes = 0
    var pricePerHour = Money.zero
    /// By the provider's books.
    var since: Instant?
    var until: Instant?
    /// Machines that were made under this attempt's other tokens, which no provider that keeps its promise ever makes.
    var strays: [Instant] = []
    var group: NodeGroup?
    /// Who works on them, when that is not this attempt any more.
    var occupant: AttemptPlace?

    var job = Job.none
    var jobStarts = 0
    /// How often its command ran to its end with exit code 0.
    var successes = 0
    var startedAt: Instant?
    /// Work that a restored checkpoint had in it.
    var progress = TimeSpan.zero
    /// What the nodes were given to read, as a number.
    var inputs: UInt64 = 0
    var areInputsThere = false

    /// Who waits for the job, and who looks after the nodes.
    var waiter: Operations.Reference?
    var keeper: Operations.Reference?

    var heldSpan: HeldSpan? {
        guard let since, let until else { return nil }
        return HeldSpan(since: since, until: until)
    }
}

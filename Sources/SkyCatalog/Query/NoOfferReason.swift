/// Why no offer meets a request, in words for the person who made it.
public struct NoOfferReason: Hashable, Sendable, CustomStringConvertible {
    /// The part of the request that rules everything out.
    public enum Constraint: Hashable, Sendable {
        case place
        /// The part of the world.
        case area
        case instanceType
        case accelerators
        case acceleratorMemory
        case acceleratorCount
        case cpus
        case memory
        case capability(String)
        case excludedCapability(String)
        case spot
        /// Per hour.
        case price
        /// How many of the kind there are.
        case nodes
        /// How fast the disk is.
        case diskTier
        /// How long it may be had at a stretch.
        case timeLimit
        /// More than the account may rent at one time.
        case quota
        /// The machine has accelerators, and none were asked for.
        case plainMachine
        /// Arm, burstable, bare-metal and replaced machines wait until they are asked for.
        case specialMachine
        /// The market asked for does not have it.
        case onDemand
        /// The price is flagged: it is not believed.
        case believedPrice
        /// Each part can be met, and no single part can be dropped to make the rest possible.
        case combination
    }

    public var constraint: Constraint
    /// One sentence without a full stop: `no offer has 9999+ CPUs; the largest has 384 (aws m8i.96xlarge)`.
    public var message: String
    /// What to do: `did you mean 'A100'?`
    public var help: String?
    /// The offer that comes closest to the request.
    public var nearest: Offer?

    public init(constraint: Constraint, message: String, help: String? = nil, nearest: Offer? = nil) {
        self.constraint = constraint
        self.message = message
        self.help = help
        self.nearest = nearest
    }

    public var description: String { help.map { "\(message) (\($0))" } ?? message }
}

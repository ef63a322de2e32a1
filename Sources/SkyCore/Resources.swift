/// Accelerators by catalog name and count. For TPUs the count is the slice's own number: `tpu-v5e:8` is a v5e-8.
public struct AcceleratorCount: Hashable, Sendable, Codable, CustomStringConvertible {
    public let name: String
    /// Positive; fractions stand for shared cards (`A10:0.5`).
    public let count: Double

    public init(name: String, count: Double) {
        self.name = name
        self.count = count
    }

    public var description: String { "\(name):\(trimmed(count))" }
}

/// `8` or `0.5`: a count without a useless fraction.
public func trimmed(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? String(Int64(value)) : String(value)
}

/// An amount, a range, or "at least": `8`, `16..64`, `8+`.
public struct Quantity: Hashable, Sendable, Codable, CustomStringConvertible {
    public let least: Double
    /// Nil: no upper limit. Never below `least`.
    public let most: Double?

    public static func exactly(_ amount: Double) -> Quantity { Quantity(least: amount, most: amount) }
    public static func atLeast(_ amount: Double) -> Quantity { Quantity(least: amount, most: nil) }

    public init(least: Double, most: Double?) {
        self.least = least
        self.most = most.map { max($0, least) }
    }

    public var isExact: Bool { most == least }
    public func admits(_ value: Double) -> Bool { value >= least && value <= most ?? .infinity }

    public var description: String {
        guard let most else { return trimmed(least) + "+" }
        return isExact ? trimmed(least) : "\(trimmed(least))..\(trimmed(most))"
    }
}

/// What one node of a stage must have. Nil and empty mean "any".
public struct ResourceRequest: Hashable, Sendable, Codable {
    /// Virtual CPUs.
    public var cpus: Quantity?
    /// GiB of memory.
    public var memory: Quantity?
    /// Any one of these, and exactly in that number. Beside `acceleratorMemory`: any one of these that holds as much.
    public var accelerators: [AcceleratorCount] = []
    /// GiB of memory of each accelerator, as vendors name their models by it; whatever its model if none is named.
    public var acceleratorMemory: Quantity?
    /// Number of accelerators when no model is named; nil: any number of them.
    public var acceleratorCount: Quantity?
    /// All of these: `confidential`, `inferentia`, `spot`, … as the catalog names them.
    public var capabilities: [String] = []
    /// None of these.
    public var excludedCapabilities: [String] = []
    public var instanceType: String?
    /// Interruptible machines at their lower price, and no others; without it, only others.
    public var useSpot = false
    /// GB of disk.
    public var diskSize: Int?
    /// SkyPilot's classes of disk: `low`, `medium`, `high`, `ultra`, `best`.
    public var diskTier: String?
    /// SkyPilot's classes of network: `standard`, `best`.
    public var networkTier: String?
    /// Ports that the node opens beside a service's own.
    public var ports: [Int] = []
    /// Where it may run; any one of these. Empty: anywhere.
    public var places: [PlaceConstraint] = []
    /// Parts of the world it must stay in, any one of these, in lower case: `eu`, `us`, `de`, `europe`. Empty: anywhere.
    public var areas: [String] = []
    /// The most that one node may cost per hour.
    public var maxPricePerHour: Money?
    /// SkyPilot's labels: carried to the provider as tags.
    public var labels: [String: String] = [:]
    public var imageID: String?
    /// Nodes that an alternative asks for instead of the stage's own number; nil: the stage's.
    public var numNodes: Int?
    /// How long the machines are needed at a stretch; nil: nobody knows. What may be had for less than that does not do.
    public var neededFor: NeededTime?

    public init() {}
}

/// How long a machine is needed at a stretch, by what accelerators it has.
public struct NeededTime: Hashable, Sendable, Codable {
    /// On machines that nothing else is known of; nil: any time will do.
    public var usual: TimeSpan?
    public var onAccelerators: [AcceleratorCount: TimeSpan]

    public init(usual: TimeSpan?, onAccelerators: [AcceleratorCount: TimeSpan] = [:]) {
        self.usual = usual
        self.onAccelerators = onAccelerators
    }

    public func on(_ accelerator: AcceleratorCount?) -> TimeSpan? {
        accelerator.flatMap { onAccelerators[$0] } ?? usual
    }
}

/// `aws`, `aws/us-east-1` or `aws/us-east-1/us-east-1a`.
public struct PlaceConstraint: Hashable, Sendable, Codable, CustomStringConvertible {
    public var provider: String?
    public var region: String?
    public var zone: String?

    public init(provider: String? = nil, region: String? = nil, zone: String? = nil) {
        self.provider = provider
        self.region = region
        self.zone = zone
    }

    public func admits(provider: String, region: String, zone: String?) -> Bool {
        (self.provider == nil || self.provider == provider)
            && (self.region == nil || self.region == region)
            && (self.zone == nil || self.zone == zone)
    }

    public var description: String {
        [provider ?? "*", region, zone].compactMap { $0 }.joined(separator: "/")
    }
}

extension ResourceRequest {
    private static let containerPrefix = "docker:"

    /// The image of a container that the stage runs in, where it wants one.
    public var containerImage: String? {
        guard let imageID, imageID.hasPrefix(Self.containerPrefix) else { return nil }
        return String(imageID.dropFirst(Self.containerPrefix.count))
    }

    /// The provider's own name for the image of its machine, where it names one.
    public var machineImage: String? { imageID.flatMap { $0.hasPrefix(Self.containerPrefix) ? nil : $0 } }
}

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

/// "At least", or exactly, an amount: `8+` or `8`.
public struct Quantity: Hashable, Sendable, Codable, CustomStringConvertible {
    public let amount: Double
    public let orMore: Bool

    public init(amount: Double, orMore: Bool) {
        self.amount = amount
        self.orMore = orMore
    }

    public func admits(_ value: Double) -> Bool { orMore ? value >= amount : value == amount }
    public var description: String { trimmed(amount) + (orMore ? "+" : "") }
}

/// What one node of a stage must have. Nil and empty mean "any".
public struct ResourceRequest: Hashable, Sendable, Codable {
    /// Virtual CPUs.
    public var cpus: Quantity?
    /// GiB of memory.
    public var memory: Quantity?
    /// Any one of these.
    public var accelerators: [AcceleratorCount] = []
    /// All of these: `confidential`, `inferentia`, `spot`, … as the catalog names them.
    public var capabilities: [String] = []
    public var instanceType: String?
    /// Interruptible machines are welcome at their lower price.
    public var useSpot = false
    /// GB of disk.
    public var diskSize: Int?
    /// Ports that the node opens beside a service's own.
    public var ports: [Int] = []
    /// Where it may run; any one of these. Empty: anywhere.
    public var places: [PlaceConstraint] = []
    /// SkyPilot's labels: carried to the provider as tags.
    public var labels: [String: String] = [:]
    public var imageID: String?

    public init() {}
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

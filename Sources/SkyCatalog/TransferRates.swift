public import SkyCore

/// What moving data between two locations costs and how fast it goes.
public protocol TransferRates: Sendable {
    /// Egress of the first gigabyte of a month, per 10⁹ bytes; within a location what the provider asks for that,
    /// mostly nothing.
    func pricePerGigabyte(from: Location, to: Location) -> Money

    /// What moving any amount costs, if nothing else is moved that month.
    func egress(from: Location, to: Location) -> EgressPrice

    /// 10⁹ bits per second between one machine here and one there; always positive.
    func gigabitsPerSecond(from: Location, to: Location) -> Double
}

extension TransferRates {
    /// For tariffs without tiers: every gigabyte costs the same.
    public func egress(from: Location, to: Location) -> EgressPrice {
        EgressPrice(tiers: [EgressTier(perGigabyte: pricePerGigabyte(from: from, to: to))])
    }

    /// What moving `size` costs, if nothing else is moved that month. Above a tier's end the next tier's price holds.
    public func price(of size: DataSize, from: Location, to: Location) -> Money {
        egress(from: from, to: to).price(of: size)
    }
}

/// What leaving one location for another costs, by amount.
public struct EgressPrice: Hashable, Sendable {
    public var tiers: [EgressTier]
    /// Sent in the month before: where in the tiers the first byte stands.
    public var used: DataSize
    /// What is left of the month's allowance: so much goes for nothing.
    public var allowance: DataSize

    public init(tiers: [EgressTier], used: DataSize = .zero, allowance: DataSize = .zero) {
        self.tiers = tiers
        self.used = used
        self.allowance = allowance
    }

    public func price(of size: DataSize) -> Money {
        tiers.price(of: max(DataSize(bytes: size.bytes - allowance.bytes), .zero), after: used)
    }
}

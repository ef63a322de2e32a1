public import SkyCore

/// What moving data between two locations costs and how fast it goes.
public protocol TransferRates: Sendable {
    /// Egress of the first gigabyte of a month, per 10⁹ bytes; within a location what the provider asks for that,
    /// mostly nothing.
    func pricePerGigabyte(from: Location, to: Location) -> Money

    /// What moving `size` costs, if nothing else is moved that month. Above a tier's end the next tier's price holds.
    func price(of size: DataSize, from: Location, to: Location) -> Money

    /// 10⁹ bits per second between one machine here and one there; always positive.
    func gigabitsPerSecond(from: Location, to: Location) -> Double
}

extension TransferRates {
    /// For tariffs without tiers: the size times the price of a gigabyte.
    public func price(of size: DataSize, from: Location, to: Location) -> Money {
        pricePerGigabyte(from: from, to: to).perGigabyte(for: size)
    }
}

public import SkyCore

/// What moving data between two locations costs and how fast it goes.
public protocol TransferRates: Sendable {
    /// Egress per 10⁹ bytes; zero within a location.
    func pricePerGigabyte(from: Location, to: Location) -> Money

    /// 10⁹ bits per second between one machine here and one there; always positive.
    func gigabitsPerSecond(from: Location, to: Location) -> Double
}

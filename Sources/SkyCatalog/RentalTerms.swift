public import SkyCore

/// How a provider bills and how fast it delivers, beside the price of the machine itself.
public struct RentalTerms: Hashable, Sendable, Codable {
    /// Time is billed in whole multiples of this.
    public var billingIncrement: TimeSpan
    /// The least that is billed for a machine.
    public var minimumBilled: TimeSpan
    /// From asking for a machine until a command can run on it.
    public var bootTime: TimeSpan
    /// Of the disk that a machine boots from and works on, per GB and hour.
    public var diskPricePerGBHour: Money
    /// Classes of disks to choose from, slow ones first; empty: there is only the one above.
    public var diskTiers: [DiskTier]
    /// Of a public address, per machine and hour.
    public var addressPricePerHour: Money

    public init(
        billingIncrement: TimeSpan = TimeSpan(milliseconds: 1), minimumBilled: TimeSpan = .zero,
        bootTime: TimeSpan = .zero, diskPricePerGBHour: Money = .zero, diskTiers: [DiskTier] = [],
        addressPricePerHour: Money = .zero
    ) {
        self.billingIncrement = max(billingIncrement, TimeSpan(milliseconds: 1))
        self.minimumBilled = minimumBilled
        self.bootTime = bootTime
        self.diskPricePerGBHour = diskPricePerGBHour
        self.diskTiers = diskTiers
        self.addressPricePerHour = addressPricePerHour
    }

    /// Exactly what is used, at once, for nothing more.
    public static let plain = RentalTerms()

    /// What is billed for a machine that was held for `span`.
    public func billed(for span: TimeSpan) -> TimeSpan {
        let held = max(span, minimumBilled, .zero).milliseconds
        let step = billingIncrement.milliseconds
        let (steps, rest) = held.quotientAndRemainder(dividingBy: step)
        let (billed, overflow) = (steps + (rest > 0 ? 1 : 0)).multipliedReportingOverflow(by: step)
        return overflow ? TimeSpan(milliseconds: .max) : TimeSpan(milliseconds: billed)
    }
}

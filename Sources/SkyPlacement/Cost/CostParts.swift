public import SkyCore

/// What the cost of a stage is made of.
public struct CostParts: Hashable, Sendable, Codable {
    /// The machines for as long as they start and work, billed as the provider bills.
    public var machines: Money
    /// What work that is lost and done again is expected to cost.
    public var interruptions: Money
    public var disks: Money
    /// Public addresses.
    public var addresses: Money

    public init(
        machines: Money, interruptions: Money = .zero, disks: Money = .zero, addresses: Money = .zero
    ) {
        self.machines = machines
        self.interruptions = interruptions
        self.disks = disks
        self.addresses = addresses
    }

    public var total: Money { machines + interruptions + disks + addresses }
}

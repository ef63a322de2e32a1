public import SkyCatalog
public import SkyCore

/// What planning a transfer asks of a catalog.
public protocol TransferFacts: TransferRates {
    /// Between one machine here and one there, if somebody measured it.
    func measuredGigabitsPerSecond(from: Location, to: Location) -> Double?

    /// What is rented to help with transfers; nil where nobody knows what a machine carries.
    func transferMachine(at location: Location) -> TransferMachine?

    /// Where data may be passed on.
    var relays: [Location] { get }

    /// How this provider bills and how fast it delivers.
    func terms(of provider: String) -> RentalTerms

    /// The parts of the world that a place is in, in lower case.
    func areas(of location: Location) -> Set<String>
}

/// A machine that carries data, and how much its provider lets it carry.
public struct TransferMachine: Hashable, Sendable {
    public var instanceType: String
    public var pricePerHour: Money
    /// 10⁹ bits per second out of and into one machine, to other regions.
    public var gbpsOut: Double
    public var gbpsIn: Double

    public init(instanceType: String, pricePerHour: Money, gbpsOut: Double, gbpsIn: Double) {
        self.instanceType = instanceType
        self.pricePerHour = pricePerHour
        self.gbpsOut = gbpsOut
        self.gbpsIn = gbpsIn
    }

    /// What rates between regions were measured with (`throughput.csv`: 64 connections between two of these), and the limits of
    /// one machine's traffic: AWS, "Amazon EC2 instance network bandwidth" (5 Gbit/s, or half of what it has, to other
    /// regions); Google, "Network bandwidth" (7 Gbit/s to addresses outside); Azure, size documentation (16 Gbit/s).
    /// The figures into a machine are those of Skyplane (Jain et al., NSDI 2023).
    static let measured: [String: (type: String, out: Double, into: Double)] = [
        "aws": ("m5.8xlarge", 5, 10), "gcp": ("n2-standard-32", 7, 16), "azure": ("Standard_D32_v5", 16, 16),
    ]
}

/// A catalog as the planning of transfers asks for it. Machine prices are looked up once.
public struct CatalogTransfers: TransferFacts {
    private let catalog: Catalog
    private let machines: [Location: TransferMachine]
    public let relays: [Location]

    public init(catalog: Catalog) {
        self.catalog = catalog
        var machines: [Location: TransferMachine] = [:]
        for (provider, kind) in TransferMachine.measured where catalog.provider(named: provider) != nil {
            var filter = CatalogFilter()
            (filter.provider, filter.instanceType, filter.market) = (provider, kind.type, .onDemand)
            for offer in catalog.list(filter) where machines[offer.location] == nil {
                machines[offer.location] = TransferMachine(
                    instanceType: kind.type, pricePerHour: offer.pricePerHour, gbpsOut: kind.out, gbpsIn: kind.into)
            }
        }
        self.machines = machines
        relays = machines.keys.sorted()
    }

    public func transferMachine(at location: Location) -> TransferMachine? { machines[location] }

    public func measuredGigabitsPerSecond(from: Location, to: Location) -> Double? {
        catalog.measuredGigabitsPerSecond(from: from, to: to)
    }

    public func terms(of provider: String) -> RentalTerms { catalog.terms(of: provider) }
    public func areas(of location: Location) -> Set<String> { catalog.areas(of: location) }

    public func pricePerGigabyte(from: Location, to: Location) -> Money {
        catalog.pricePerGigabyte(from: from, to: to)
    }

    public func egress(from: Location, to: Location) -> EgressPrice { catalog.egress(from: from, to: to) }

    public func gigabitsPerSecond(from: Location, to: Location) -> Double {
        catalog.gigabitsPerSecond(from: from, to: to)
    }
}

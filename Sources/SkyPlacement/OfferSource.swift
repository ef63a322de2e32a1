public import SkyCatalog
public import SkyCore

/// What planning asks of a catalog: the offers that satisfy a request, and what moving data costs.
public protocol OfferSource: TransferRates {
    /// Every offer that one node with these resources can be rented as. Placement adds no filter but blocked places.
    func offers(for request: ResourceRequest) -> [Offer]

    /// The same offers in the same order without making them yet; nil where they are made anyway.
    func listing(for request: ResourceRequest) -> OfferListing?

    /// Why `offers(for:)` is empty, in one sentence without a full stop.
    func explainNoOffer(for request: ResourceRequest) -> String

    /// How many offers fall to which part of the request; nil where nobody counts.
    func elimination(for request: ResourceRequest) -> OfferElimination?

    /// One of each kind of offer that may be had for a limited time only.
    var timeLimited: [Offer] { get }

    /// How this provider bills and how fast it delivers.
    func terms(of provider: String) -> RentalTerms

    /// How fast one accelerator of this name computes, in any unit: only the ratios of two count. Nil if not known.
    func speed(ofAccelerator name: String) -> Double?

    /// The parts of the world that a place is in, in lower case: `europe`, `eu`, `de`.
    func areas(of location: Location) -> Set<String>
}

extension OfferSource {
    public func listing(for request: ResourceRequest) -> OfferListing? { nil }
    public func elimination(for request: ResourceRequest) -> OfferElimination? { nil }
    public var timeLimited: [Offer] { [] }
    public func terms(of provider: String) -> RentalTerms { .plain }
    public func speed(ofAccelerator name: String) -> Double? { nil }

    public func areas(of location: Location) -> Set<String> { [] }
}

/// A catalog as planning asks for it.
public struct CatalogOffers: OfferSource {
    public let catalog: Catalog
    public let speeds: AcceleratorSpeeds

    /// - Parameter speeds: how fast accelerators are, to scale estimates by; nothing is scaled without.
    public init(catalog: Catalog, speeds: AcceleratorSpeeds = AcceleratorSpeeds()) {
        self.catalog = catalog
        self.speeds = speeds
    }

    public func speed(ofAccelerator name: String) -> Double? { speeds.teraflops(of: name) }

    public func offers(for request: ResourceRequest) -> [Offer] { catalog.offers(for: request) }

    public func listing(for request: ResourceRequest) -> OfferListing? { catalog.listing(for: request) }

    public func explainNoOffer(for request: ResourceRequest) -> String {
        let reason: NoOfferReason = catalog.explainNoOffer(for: request)
        return reason.description
    }

    public var timeLimited: [Offer] { catalog.timeLimited }

    public func areas(of location: Location) -> Set<String> { catalog.areas(of: location) }

    public func elimination(for request: ResourceRequest) -> OfferElimination? { catalog.elimination(for: request) }

    public func pricePerGigabyte(from: Location, to: Location) -> Money {
        catalog.pricePerGigabyte(from: from, to: to)
    }

    public func egress(from: Location, to: Location) -> EgressPrice { catalog.egress(from: from, to: to) }

    public func terms(of provider: String) -> RentalTerms { catalog.terms(of: provider) }

    public func gigabitsPerSecond(from: Location, to: Location) -> Double {
        catalog.gigabitsPerSecond(from: from, to: to)
    }
}

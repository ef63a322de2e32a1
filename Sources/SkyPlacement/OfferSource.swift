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

    /// Ways that large artifacts may go; nil: the plain way, which is how runs carry them.
    var transferCurves: TransferCurves? { get }
}

extension OfferSource {
    public func listing(for request: ResourceRequest) -> OfferListing? { nil }
    public func elimination(for request: ResourceRequest) -> OfferElimination? { nil }
    public var timeLimited: [Offer] { [] }
    public func terms(of provider: String) -> RentalTerms { .plain }
    public func speed(ofAccelerator name: String) -> Double? { nil }

    public func areas(of location: Location) -> Set<String> { [] }
    public var transferCurves: TransferCurves? { nil }
}

/// A catalog as planning asks for it.
public struct CatalogOffers: OfferSource {
    public let catalog: Catalog
    public let speeds: AcceleratorSpeeds

    public let transferCurves: TransferCurves?

    private let artifactPlace: (@Sendable (Location) -> ArtifactPlace)?

    /// - Parameters:
    ///   - speeds: how fast accelerators are, to scale estimates by; nothing is scaled without.
    ///   - transfers: what planned transfers of large artifacts may use; nil: they go the plain way.
    ///   - artifactPlace: where artifacts of a location are kept: who may only be in some areas has no offer where they would
    ///     be kept outside of them. Nil: everywhere at the location itself.
    public init(
        catalog: Catalog, speeds: AcceleratorSpeeds = AcceleratorSpeeds(), transfers: TransferLimits? = nil,
        artifactPlace: (@Sendable (Location) -> ArtifactPlace)? = nil
    ) {
        self.catalog = catalog
        self.speeds = speeds
        self.artifactPlace = artifactPlace
        transferCurves = transfers.map { TransferCurves(CatalogTransfers(catalog: catalog), limits: $0) }
    }

    public func speed(ofAccelerator name: String) -> Double? { speeds.teraflops(of: name) }

    public func offers(for request: ResourceRequest) -> [Offer] {
        let all = catalog.offers(for: request)
        guard isBound(request) else { return all }
        var known: [Location: Bool] = [:]
        return all.filter { offer in
            let location = offer.location
            if let answer = known[location] { return answer }
            let answer = keepsInside(location, request)
            known[location] = answer
            return answer
        }
    }

    public func listing(for request: ResourceRequest) -> OfferListing? {
        isBound(request) ? nil : catalog.listing(for: request)
    }

    public func explainNoOffer(for request: ResourceRequest) -> String {
        if let words = keptOutside(request) { return words }
        let reason: NoOfferReason = catalog.explainNoOffer(for: request)
        return reason.description
    }

    public var timeLimited: [Offer] { catalog.timeLimited }

    public func areas(of location: Location) -> Set<String> { catalog.areas(of: location) }

    public func elimination(for request: ResourceRequest) -> OfferElimination? {
        keptOutside(request) == nil ? catalog.elimination(for: request) : nil
    }

    public func pricePerGigabyte(from: Location, to: Location) -> Money {
        catalog.pricePerGigabyte(from: from, to: to)
    }

    public func egress(from: Location, to: Location) -> EgressPrice { catalog.egress(from: from, to: to) }

    public func terms(of provider: String) -> RentalTerms { catalog.terms(of: provider) }

    public func gigabitsPerSecond(from: Location, to: Location) -> Double {
        catalog.gigabitsPerSecond(from: from, to: to)
    }
}

// MARK: Buckets elsewhere

extension CatalogOffers {
    private func isBound(_ request: ResourceRequest) -> Bool { artifactPlace != nil && !request.areas.isEmpty }

    private func keepsInside(_ location: Location, _ request: ResourceRequest) -> Bool {
        switch artifactPlace?(location) ?? .there {
        case .there: true
        case .elsewhere(let place, _): !areas(of: place).isDisjoint(with: request.areas)
        case .unknown: false
        }
    }

    /// Nil when there are offers, or none for other reasons.
    private func keptOutside(_ request: ResourceRequest) -> String? {
        guard isBound(request), let offer = catalog.offers(for: request).first, offers(for: request).isEmpty else {
            return nil
        }
        let location = offer.location
        let bound = "what has to be in \(request.areas.joined(separator: " or "))"
        switch artifactPlace?(location) ?? .there {
        case .there: return nil
        case .elsewhere(let place, let bucket):
            return "\(bound) would be kept outside:"
                + " stores.yaml has the artifacts of \(location) in \(bucket), at \(place)"
        case .unknown(let bucket):
            let name = bucket.split(separator: "/").dropFirst().first ?? "NAME"
            return "\(bound) would be kept in \(bucket) by stores.yaml, which does not say where that is:"
                + " add `buckets: {\(name): provider/region}`, or a 'region' of AWS"
        }
    }
}

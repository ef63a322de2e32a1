public import SkyCatalog
public import SkyCore

/// What planning asks of a catalog: the offers that satisfy a request, and what moving data costs.
public protocol OfferSource: TransferRates {
    /// Every offer that one node with these resources can be rented as. Placement adds no filter but blocked places.
    func offers(for request: ResourceRequest) -> [Offer]

    /// Why `offers(for:)` is empty, in one sentence without a full stop.
    func explainNoOffer(for request: ResourceRequest) -> String
}

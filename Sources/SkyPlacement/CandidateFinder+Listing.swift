import SkyCatalog
import SkyCore
import SkySpec

/// Offers of a request, and which of them can be of use; found out once for all stages that ask for the same.
struct ListedOffers {
    let listing: OfferListing
    let shortlist: [(position: Int, offer: Offer)]

    init(_ listing: OfferListing, tellingApart types: Set<String> = []) {
        self.listing = listing
        shortlist = listing.shortlist(tellingApart: types).map { ($0, listing[$0]) }
    }
}

extension CandidateFinder {
    /// The choices of a stage that any offer of one request will do for, without making all its candidates; nil for any
    /// other stage, and where there is none.
    func listedChoices(
        of stage: Stage, _ requests: [ResourceRequest], _ speeds: [String: Double],
        _ known: inout [ResourceRequest: ListedOffers]
    ) -> StageChoices? {
        guard requests.count == 1, pins[stage.name] == nil, blocked.isEmpty, stage.deadline == nil else { return nil }
        let past = history.runs[stage.name] ?? []
        let types = Set(past.map(\.instanceType))
        let isKnown = types.isEmpty && known[requests[0]] != nil
        guard let listing = isKnown ? known[requests[0]]?.listing : offers.listing(for: requests[0]), !listing.isEmpty
        else { return nil }
        let listed = (isKnown ? known[requests[0]] : nil) ?? ListedOffers(listing, tellingApart: types)
        if types.isEmpty { known[requests[0]] = listed }
        let numNodes = max(requests[0].numNodes ?? stage.numNodes, 1)
        let empty = choices(of: stage, requests, providers: Set(listing.places.map(\.provider)), speeds)
        let disk = Disk(requests[0])
        let source = ListedCandidates(listing, shortlist: listed.shortlist) { index, offer in
            Candidate(
                index: index, machines: empty.machines(offer, numNodes: numNodes, disk: disk), numNodes: numNodes,
                model: empty.model)
        }
        var choices = empty
        choices.candidates = CandidateList(source)
        return choices
    }
}

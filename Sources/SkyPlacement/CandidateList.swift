import SkyCatalog
import SkyCore
import Synchronization

/// What a stage could run on, in the catalog's order. Policies see all of it; each candidate is made when somebody looks
/// at it, and all are when somebody goes through them. A plan that nobody shapes looks at those only that can be of use.
public struct CandidateList: RandomAccessCollection, Sendable {
    private enum Storage: Sendable {
        case made([Candidate])
        /// Those of the source at these positions, rising; nil: all.
        case listed(ListedCandidates, kept: [Int]?)
    }

    private let storage: Storage

    init(_ candidates: [Candidate]) { storage = .made(candidates) }

    init(_ source: ListedCandidates) { storage = .listed(source, kept: nil) }

    private init(_ storage: Storage) { self.storage = storage }

    public var startIndex: Int { 0 }

    public var endIndex: Int {
        switch storage {
        case .made(let candidates): candidates.count
        case .listed(let source, let kept): kept?.count ?? source.listing.count
        }
    }

    public subscript(position: Int) -> Candidate {
        switch storage {
        case .made(let candidates): candidates[position]
        case .listed(let source, let kept): source.candidate(kept?[position] ?? position)
        }
    }

    public func makeIterator() -> IndexingIterator<[Candidate]> {
        switch storage {
        case .made(let candidates): candidates.makeIterator()
        case .listed(let source, nil): source.all.makeIterator()
        case .listed(let source, let kept?): kept.map { source.all[$0] }.makeIterator()
        }
    }
}

extension CandidateList {
    /// The `index` of the candidate at the position, without making it.
    func index(at position: Int) -> Int {
        switch storage {
        case .made(let candidates): candidates[position].index
        case .listed(_, let kept): kept?[position] ?? position
        }
    }

    /// Where the candidate with this `index` is; nil if it is not there.
    func position(ofIndex index: Int) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self.index(at: middle) < index { low = middle + 1 } else { high = middle }
        }
        return low < count && self.index(at: low) == index ? low : nil
    }

    /// Whether exactly this candidate is there.
    func holds(_ candidate: Candidate) -> Bool {
        position(ofIndex: candidate.index).map { self[$0] == candidate } ?? false
    }

    /// At their true costs: those that can be of use, with their positions, rising. Every other one costs no less and
    /// takes no less time than one of these that is in its place and, where there are several types, than one of another
    /// type than any that is ruled out.
    var shortlist: [(position: Int, candidate: Candidate)] {
        switch storage {
        case .made(let candidates): candidates.enumerated().map { ($0, $1) }
        case .listed(let source, nil): source.shortlist
        case .listed(let source, _?):
            source.shortlist.compactMap { one in position(ofIndex: one.position).map { ($0, one.candidate) } }
        }
    }

    /// Those in another region or of another type.
    func others(than candidate: Candidate) -> CandidateList {
        if case .listed(let source, nil) = storage {
            let kept = source.listing.positions(
                without: candidate.offer.instanceType, at: candidate.location)
            return CandidateList(.listed(source, kept: kept))
        }
        return CandidateList(
            filter { $0.offer.instanceType != candidate.offer.instanceType || $0.location != candidate.location })
    }
}

extension CandidateList {
    /// The same for lists of the same offers; nil for lists that were made one by one.
    var listingIdentity: ObjectIdentifier? {
        if case .listed(let source, nil) = storage { source.listing.identity } else { nil }
    }

    /// The places where candidates are, each once, and by position the number of a candidate's place.
    var whereabouts: (places: [Location], ofCandidate: [Int32]) {
        if case .listed(let source, nil) = storage { return (source.listing.places, source.listing.placeNumbers) }
        var places: [Location] = []
        var numbers: [Location: Int32] = [:]
        var last: (location: Location, number: Int32)?
        let ofCandidate = map { candidate in
            let offer = candidate.offer
            // Offers come in long rows of one region.
            if let last, last.location.region == offer.region, last.location.provider == offer.provider {
                return last.number
            }
            let location = offer.location
            let number = numbers[location] ?? Int32(places.count)
            if Int(number) == places.count {
                numbers[location] = number
                places.append(location)
            }
            last = (location, number)
            return number
        }
        return (places, ofCandidate)
    }
}

/// The offers of one request as candidates of one stage.
final class ListedCandidates: Sendable {
    let listing: OfferListing
    /// By position of the listing, rising.
    let shortlist: [(position: Int, candidate: Candidate)]
    private let make: @Sendable (Int, Offer) -> Candidate
    private let made = Mutex<[Candidate]?>(nil)

    /// - Parameters:
    ///   - shortlist: offers of the listing that can be of use, with their positions.
    ///   - make: makes the candidate with the index of its offer.
    init(
        _ listing: OfferListing, shortlist: [(position: Int, offer: Offer)],
        make: @escaping @Sendable (Int, Offer) -> Candidate
    ) {
        self.listing = listing
        self.make = make
        self.shortlist = shortlist.map { ($0.position, make($0.position, $0.offer)) }
    }

    func candidate(_ position: Int) -> Candidate { make(position, listing[position]) }

    var all: [Candidate] {
        made.withLock { made in
            if let made { return made }
            let all = zip(listing.indices, listing.offers).map(make)
            made = all
            return all
        }
    }
}

public import SkyCore

/// The offers that meet a request, in the catalog's order. Each is made when somebody looks at it: a request that
/// nearly everything meets costs little more than a narrow one, as long as only some of its offers are looked at.
public struct OfferListing: RandomAccessCollection, Sendable {
    /// Where an offer is in the catalog.
    fileprivate struct Entry: Sendable {
        var row: Int32
        /// Number of the zone among the listing's; -1: any.
        var zone: Int32
        var part: Int32
    }

    /// The offers of one provider.
    fileprivate struct Part: Sendable {
        var shelf: ProviderShelf
        var market: Offer.Market
        var surcharges: [ProviderProfile.CapabilitySurcharge]
    }

    /// A class, so that stages that ask for the same share one.
    private final class Storage: Sendable {
        let parts: [Part]
        let entries: [Entry]
        let zones: [String]
        let places: [Location]
        let placeNumbers: [Int32]

        init(_ draft: Draft) {
            (parts, entries, zones) = (draft.parts, draft.entries, draft.zones)
            (places, placeNumbers) = (draft.places, draft.placeNumbers)
        }
    }

    private let storage: Storage

    public var startIndex: Int { 0 }
    public var endIndex: Int { storage.entries.count }

    public subscript(position: Int) -> Offer {
        let entry = storage.entries[position]
        let part = storage.parts[Int(entry.part)]
        var maker = OfferMaker(part.shelf, keepsNames: false)
        guard let offer = offer(entry, part, &maker) else { preconditionFailure("an offer without a price is listed") }
        return offer
    }

    /// All of them.
    public var offers: [Offer] {
        var offers: [Offer] = []
        offers.reserveCapacity(count)
        var maker: (part: Int32, maker: OfferMaker)?
        for entry in storage.entries {
            let part = storage.parts[Int(entry.part)]
            var current = maker.flatMap { $0.part == entry.part ? $0.maker : nil } ?? OfferMaker(part.shelf)
            maker = nil
            if let offer = offer(entry, part, &current) { offers.append(offer) }
            maker = (entry.part, current)
        }
        return offers
    }

    private func offer(_ entry: Entry, _ part: Part, _ maker: inout OfferMaker) -> Offer? {
        let zone = entry.zone < 0 ? nil : storage.zones[Int(entry.zone)]
        return maker.offer(Int(entry.row), part.market, zone: zone, surcharges: part.surcharges)
    }

    /// The same for copies of one listing.
    public var identity: ObjectIdentifier { ObjectIdentifier(storage) }

    /// Where offers are, each place once.
    public var places: [Location] { storage.places }
    /// By position: the number of its place among `places`.
    public var placeNumbers: [Int32] { storage.placeNumbers }
}

extension OfferListing {
    /// What is found while the catalog is searched.
    fileprivate struct Draft {
        var parts: [Part] = []
        var entries: [Entry] = []
        var zones: [String] = []
        var places: [Location] = []
        var placeNumbers: [Int32] = []
        private var zoneNumbers: [String: Int32] = [:]
        /// By region of the part that is being filled; -1: not seen yet.
        private var regionPlaces: [Int32] = []

        mutating func begin(_ shelf: ProviderShelf, _ filter: RowFilter) {
            parts.append(Part(shelf: shelf, market: filter.market, surcharges: filter.surcharges))
            regionPlaces = [Int32](repeating: -1, count: shelf.table.regions.count)
        }

        mutating func add(_ row: Int, zone: String?, _ shelf: ProviderShelf) {
            let region = Int(shelf.table.region[row])
            if regionPlaces[region] < 0 {
                regionPlaces[region] = Int32(places.count)
                places.append(Location(provider: shelf.profile.name, region: shelf.table.regions[region]))
            }
            entries.append(
                Entry(row: Int32(row), zone: zone.map { number(of: $0) } ?? -1, part: Int32(parts.count - 1)))
            placeNumbers.append(regionPlaces[region])
        }

        private mutating func number(of zone: String) -> Int32 {
            if let known = zoneNumbers[zone] { return known }
            zones.append(zone)
            zoneNumbers[zone] = Int32(zones.count - 1)
            return Int32(zones.count - 1)
        }
    }

    init(_ request: ResourceRequest, in shelves: [ProviderShelf], facts: AcceleratorFacts) {
        var draft = Draft()
        for shelf in shelves {
            guard let filter = RowFilter(request, on: shelf, facts: facts) else { continue }
            draft.begin(shelf, filter)
            let table = shelf.table
            var last: Int?
            filter.forEachRow { row, reach in
                // A surcharge may hang on a price that is not there.
                guard filter.surcharges.isEmpty || table.price(row, filter.market, with: filter.surcharges) != nil
                else { return }
                guard case .zones(let zones) = reach else {
                    // Zones with spot prices of their own have rows of their own, but share the on-demand price.
                    if let last, table.sellsTheSame(row, last, filter.market) { return }
                    last = row
                    draft.add(row, zone: nil, shelf)
                    return
                }
                for zone in zones { draft.add(row, zone: zone, shelf) }
            }
        }
        storage = Storage(draft)
    }
}

extension OfferListing {
    /// Positions, rising, of the offers that can be of use to someone who pays by the hour and to whom machines with the
    /// same accelerators, of the same provider and as often taken away, are worth the same: in each place the cheapest of
    /// those that are alike and, so that its type can be ruled out, the cheapest of another type.
    ///
    /// - Parameter types: machines of these types are worth something else than their like.
    public func shortlist(tellingApart types: Set<String> = []) -> [Int] {
        var groups = [[Alike]](repeating: [], count: places.count)
        var special: [Set<Int32>] = []
        for part in storage.parts { special.append(Set(types.compactMap { part.shelf.table.types.id(of: $0) })) }
        var from = 0
        // Part by part: a part's columns are then at hand.
        while from < storage.entries.count {
            let number = storage.entries[from].part
            let part = storage.parts[Int(number)]
            let table = part.shelf.table
            var position = from
            while position < storage.entries.count, storage.entries[position].part == number {
                let entry = storage.entries[position]
                let row = Int(entry.row)
                let shape = Int(table.shape[row])
                let type = table.shapeType[shape]
                let kind = Alike.Kind(
                    accelerator: table.shapeAccelerator[shape],
                    interruptions: part.market == .spot ? table.interruptions[row].bitPattern : 0,
                    type: special[Int(number)].contains(type) ? type : -1)
                let price = table.price(row, part.market, with: part.surcharges)?.nanodollars ?? .max
                let one = Alike.Member(position: position, price: price, type: type)
                let place = Int(storage.placeNumbers[position])
                if let index = groups[place].firstIndex(where: { $0.kind == kind }) {
                    groups[place][index].take(one, isPreferred)
                } else {
                    groups[place].append(Alike(kind: kind, best: one))
                }
                position += 1
            }
            from = position
        }
        return groups.flatMap { $0.flatMap(\.positions) }.sorted()
    }

    /// Between two offers of one provider and one price: any zone before one zone, then by name.
    private func isPreferred(_ a: Alike.Member, _ b: Alike.Member) -> Bool {
        func key(_ member: Alike.Member) -> (Int, String, String, Int) {
            let entry = storage.entries[member.position]
            let type = storage.parts[Int(entry.part)].shelf.table.types[member.type]
            let zone = entry.zone < 0 ? "" : storage.zones[Int(entry.zone)]
            return (entry.zone < 0 ? 0 : 1, type, zone, member.position)
        }
        return key(a) < key(b)
    }

    /// Positions of all that are of another type or elsewhere, rising.
    public func positions(without type: String, at place: Location) -> [Int] {
        guard let number = places.firstIndex(of: place).map(Int32.init) else { return Array(indices) }
        return indices.filter { position in
            guard storage.placeNumbers[position] == number else { return true }
            let entry = storage.entries[position]
            let table = storage.parts[Int(entry.part)].shelf.table
            return table.types[table.shapeType[Int(table.shape[Int(entry.row)])]] != type
        }
    }
}

/// Offers of one place that are worth the same: the cheapest, and the cheapest of another type.
private struct Alike {
    struct Kind: Equatable {
        var accelerator: Int32
        var interruptions: UInt32
        /// Of a type that is worth something else than its like; -1: any other.
        var type: Int32
    }

    struct Member {
        var position: Int
        var price: Int64
        var type: Int32
    }

    let kind: Kind
    var best: Member
    var second: Member?

    init(kind: Kind, best: Member) { (self.kind, self.best) = (kind, best) }

    var positions: [Int] { [best.position] + (second.map { [$0.position] } ?? []) }

    mutating func take(_ new: Member, _ isPreferred: (Member, Member) -> Bool) {
        func isBetter(_ other: Member) -> Bool {
            new.price != other.price ? new.price < other.price : isPreferred(new, other)
        }
        if isBetter(best) {
            if new.type != best.type { second = best }
            best = new
        } else if new.type != best.type, second.map(isBetter) ?? true {
            second = new
        }
    }
}

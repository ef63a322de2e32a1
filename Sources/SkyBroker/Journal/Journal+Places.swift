import GRDB
import SkyCatalog
public import SkyCore
public import SkyPlacement
import SkyProviders

extension Journal {
    /// Remembers that a place refused. Beside an event that says so, use `append`'s notes.
    public func note(_ refusal: PlaceRefusal) throws(JournalError) {
        try write { try UnavailablePlace.note(refusal, in: $0) }
    }

    /// Forgets what a place refused, because it has just given what was asked of it: also refusals of more than just
    /// this place, such as a quota of its region.
    public func forget(_ place: BlockedPlace) throws(JournalError) {
        try write { try UnavailablePlace.forget(place, in: $0) }
    }

    /// Places to stay away from now, those that last longest first.
    public func unavailablePlaces(at now: Instant) throws(JournalError) -> [UnavailablePlace] {
        try read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT * FROM unavailable WHERE until > ? ORDER BY until DESC, provider, region, zone",
                arguments: [now.millisecondsSince1970])
            return rows.compactMap(UnavailablePlace.init).filter { $0.isAvoided(at: now) }
        }
    }

    /// The same without making a journal, or changing one of an older version.
    public static func unavailablePlaces(at now: Instant, in path: String) throws(JournalError) -> [UnavailablePlace] {
        try looking(at: path) { db in
            guard try db.tableExists("unavailable") else { return [] }
            return try Row.fetchAll(db, sql: "SELECT * FROM unavailable ORDER BY until DESC, provider, region, zone")
                .compactMap(UnavailablePlace.init).filter { $0.isAvoided(at: now) }
        }
    }
}

extension UnavailablePlace {
    static func note(_ refusal: PlaceRefusal, in db: Database) throws {
        let key = key(of: refusal.place) + [refusal.kind.rawValue]
        let known = try Row.fetchOne(
            db, sql: "SELECT * FROM unavailable WHERE \(isSame) AND kind = ?", arguments: StatementArguments(key))
        var place = known.flatMap(UnavailablePlace.init) ?? UnavailablePlace(refusal)
        if known != nil { place.refuses(again: refusal) }
        var values = StatementArguments(key)
        values += [
            place.message, place.since.millisecondsSince1970, place.last.millisecondsSince1970,
            place.until.millisecondsSince1970, place.repeats,
        ]
        try db.execute(
            sql: "INSERT OR REPLACE INTO unavailable VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", arguments: values)
    }

    static func forget(_ place: BlockedPlace, in db: Database) throws {
        try db.execute(
            sql: "DELETE FROM unavailable WHERE \(isSameOrWider)", arguments: StatementArguments(key(of: place)))
    }

    private static let columns = ["provider", "region", "zone", "instance_type", "market"]
    private static let isSame = columns.map { "\($0) = ?" }.joined(separator: " AND ")
    private static let isSameOrWider = columns.map { "\($0) IN ('', ?)" }.joined(separator: " AND ")

    /// What the place leaves open is empty.
    private static func key(of place: BlockedPlace) -> [String] {
        [place.provider, place.region ?? "", place.zone ?? "", place.instanceType ?? "", place.market?.rawValue ?? ""]
    }

    /// Nil for a kind of refusal that this version does not know.
    fileprivate init?(_ row: Row) {
        func part(_ name: String) -> String? {
            let text: String = row[name]
            return text.isEmpty ? nil : text
        }
        let text: String = row["kind"]
        guard let provider = part("provider"), let kind = ProviderError.Kind(rawValue: text) else { return nil }
        self.init(
            PlaceRefusal(
                BlockedPlace(
                    provider: provider, region: part("region"), zone: part("zone"), instanceType: part("instance_type"),
                    market: part("market").flatMap(Offer.Market.init)),
                kind, message: row["message"], at: Instant(millisecondsSince1970: row["last"])))
        since = Instant(millisecondsSince1970: row["since"])
        until = Instant(millisecondsSince1970: row["until"])
        repeats = row["repeats"]
    }
}

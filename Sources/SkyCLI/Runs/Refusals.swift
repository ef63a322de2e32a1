import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProcess
import SkySpec

/// Places that refused one of this user's runs lately, and that new plans stay away from.
struct Refusals: Sendable {
    private(set) var places: [UnavailablePlace] = []

    init() {}

    /// Without ever having run anything there is no journal, and none is made for looking.
    init(in context: CommandContext) throws {
        let journal = StateFolder(path: try context.paths().state).journal
        guard Files.exists(journal) else { return }
        places = try Journal.unavailablePlaces(at: context.now(), in: journal)
    }

    /// Those of an offer's zones that have not refused it; all of them when all have.
    func zones(_ zones: [String], for offer: Offer) -> [String] {
        let left = zones.filter { zone in !places.contains { $0.place.blocks(zone, of: offer) } }
        return left.isEmpty ? zones : left
    }

    /// One sentence, if anything is stayed away from that the pipeline might have asked for.
    func caveats(for pipeline: Pipeline) -> [String] {
        guard !places.isEmpty else { return [] }
        let count = Figures.count(places.count, "place")
        return ["stays away from \(count) that refused lately, while there is anything else: sky check"]
    }
}

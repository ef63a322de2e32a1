import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement

/// `sky check --output json`
struct CheckJSON: Encodable {
    let version = 1
    let providers: [Row]
    let avoided: [Avoided]
    /// What the pipeline lacks that was asked about; nil without one.
    @Nullable var lacks: [String]?

    struct Row: Encodable {
        let provider: String
        let displayName: String
        let standing: String
        let offers: Int
        let regions: Int
        let reason: String
        let credentials: [Credential]
        let hosts: [Host]
    }

    /// A machine of one's own, and whether it answers.
    struct Host: Encodable {
        let pool: String
        let name: String
        let answers: Bool
        let message: String
    }

    struct Credential: Encodable {
        let place: String
        let present: Bool
    }

    /// A place that all runs stay away from until a moment.
    struct Avoided: Encodable {
        let provider: String
        @Nullable var region: String?
        @Nullable var zone: String?
        @Nullable var instanceType: String?
        @Nullable var market: String?
        let reason: String
        let message: String
        let since: Timestamp
        let until: Timestamp
        let refusals: Int

        init(_ known: UnavailablePlace) {
            provider = known.place.provider
            region = known.place.region
            zone = known.place.zone
            instanceType = known.place.instanceType
            market = known.place.market?.rawValue
            reason = EventWords.refusal(known.kind)
            message = known.message
            since = Timestamp(known.since)
            until = Timestamp(known.until)
            refusals = known.repeats
        }
    }

    init(_ rows: [CheckRow], avoided: [UnavailablePlace] = [], lacks: [String]? = nil) {
        self.lacks = lacks
        self.avoided = avoided.map(Avoided.init)
        providers = rows.map { row in
            let standing =
                switch row.standing {
                case .ready: "ready"
                case .standIn: "stand-in"
                case .unusable: "unusable"
                }
            return Row(
                provider: row.provider, displayName: row.displayName, standing: standing, offers: row.offers,
                regions: row.regions, reason: row.reason,
                credentials: row.credentials.map { Credential(place: $0.place, present: $0.isPresent) },
                hosts: row.hosts.map {
                    Host(pool: $0.pool, name: $0.name, answers: $0.answers, message: $0.message)
                })
        }
    }
}

import SkyBroker
import SkyCore
import SkyProviders

/// `sky cancel` and `sky down` with `--output json`, when something is left.
struct LeftoversJSON: Encodable {
    let version = 1
    let run: String
    let state: String
    let left: [Group]
    /// Providers that did not say what they hold.
    let unknown: [Unknown]

    struct Group: Encodable {
        let provider: String
        let region: String
        let token: String
        let nodes: Int
        let instanceType: String
        let state: String
        @Nullable var pricePerHourUsd: Dollars?
        @Nullable var since: Timestamp?
        @Nullable var costUsd: Dollars?
    }

    struct Unknown: Encodable {
        let provider: String
        let kind: String
        let message: String
    }

    init(_ row: RunRow, _ leftovers: [Leftover], failures: [ProviderError], at now: Instant) {
        run = row.id
        state = row.state.text
        left = leftovers.map { left in
            let group = left.group
            return Group(
                provider: group.provider, region: group.region, token: group.token, nodes: group.nodes.count,
                instanceType: group.instanceType, state: group.state.rawValue,
                pricePerHourUsd: left.pricePerHour.map(Dollars.init), since: left.since.map(Timestamp.init),
                costUsd: left.cost(at: now).map(Dollars.init))
        }
        unknown = failures.map { Unknown(provider: $0.provider, kind: $0.kind.rawValue, message: $0.message) }
    }
}

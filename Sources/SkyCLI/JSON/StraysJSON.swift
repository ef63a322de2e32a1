import SkyBroker
import SkyCore
import SkyProviders

/// `sky gc --output json`
struct StraysJSON: Encodable {
    let version = 1
    let groups: [Group]
    /// Providers that did not say what they hold.
    let unknown: [Unknown]

    struct Group: Encodable {
        let provider: String
        let region: String
        let token: String
        let run: String
        let nodes: Int
        let instanceType: String
        let state: String
        /// `ended` or `unknown`
        let why: String
        @Nullable var since: Timestamp?
        @Nullable var costUsd: Dollars?
        let removed: Bool
        /// Why it is still there.
        @Nullable var message: String?
    }

    struct Unknown: Encodable {
        let provider: String
        let kind: String
        let message: String
    }

    /// - Parameter left: by token, why a group is still there.
    init(_ strays: [Stray], failures: [ProviderError], left: [String: String]) {
        groups = strays.map { stray in
            let group = stray.group
            return Group(
                provider: group.provider, region: group.region, token: group.token, run: group.run.text,
                nodes: group.nodes.count, instanceType: group.instanceType, state: group.state.rawValue,
                why: stray.standing.rawValue, since: stray.since.map(Timestamp.init),
                costUsd: stray.cost.map(Dollars.init), removed: left[group.token] == nil, message: left[group.token])
        }
        unknown = failures.map { Unknown(provider: $0.provider, kind: $0.kind.rawValue, message: $0.message) }
    }
}

import SkyBroker
import SkyCore
import SkyProviders

extension RunRow {
    /// A run of which only the providers know. What it costs is not known here.
    init(_ run: RebuiltRun) {
        self.init(
            id: run.run.text, pipeline: "?", state: StateWord("rebuilt", .active),
            startedAt: run.groups.compactMap(\.createdAt).min() ?? run.foundAt, endedAt: nil, cost: .zero,
            plannedCost: nil, stages: run.groups.map { StageRow($0) })
    }
}

extension StageRow {
    init(_ group: NodeGroup) {
        self.init(
            name: group.attempt?.stage ?? group.token,
            state: StateWord(group.state.rawValue, group.state == .lost ? .failed : .active),
            place: Place(
                provider: group.provider, region: group.region, instanceType: group.instanceType,
                numNodes: group.nodes.count),
            startedAt: group.createdAt, attempts: group.attempt?.number ?? 1, note: "found by the provider's tag")
    }
}

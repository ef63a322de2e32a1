import SkyBroker
import SkyCatalog
import SkyCore
import SkyEngines
import SkyPlacement
import SkyProviders
import SkySpec
import SkyStorage

/// What happened, in words for people. An event that is not mentioned here is shown by its name.
enum EventWords {
    /// Without stage and attempt, which have columns of their own; nil for what has no words yet.
    static func message(for event: RunEvent) -> String? {
        switch event {
        case .launched(let launch):
            "launched: \(Figures.count(launch.pipeline.stages.count, "stage")), "
                + "planned at \(Figures.amount(launch.plan.totalCost))"
        case .lookedUp(_, let reuse, let why):
            (reuse.map { "done before, in \($0.run): its artifacts are used again" } ?? "has to run")
                + (why.map { " (\($0))" } ?? "")
        case .provisioned(_, let group): "got \(nodes(of: group))"
        case .provisionFailed(_, let error): "refused, \(refusal(error.kind)): \(error.description)"
        case .delivered(_, let transfers): delivery(transfers)
        case .relayed(_, let relay): sentence(relay)
        case .jobEnded(_, let code, let rank, let exceeded, let engine):
            engine?.sentence(rank: rank) ?? exceeded.map { ExitWords.sentence($0, rank: rank) }
                ?? ExitWords.sentence(code, rank: rank)
        case .serviceReady(_, let url): "serves at \(url)"
        case .collected(_, let outputs): outputs.isEmpty ? "done" : "done, and made \(artifacts(outputs))"
        case .attemptFailed(_, let failure): trouble(failure)
        case .checkpointed(_, let saved, let number): "checkpoint \(number) saved, \(saved.artifact.size)"
        case .checkpointFailed(_, let message, let number): "checkpoint \(number) could not be saved: \(message)"
        case .lossNoticed: "the provider will take the nodes"
        case .released: "all nodes are given back"
        case .relocated(_, let planned, _):
            "moves to \(planned.offer.provider)/\(planned.offer.region) \(planned.offer.instanceType)"
        case .notRelocatable(_, let message): "there is no other place: \(message)"
        case .answered(let question, let isYes): "\(isYes ? "approved" : "denied"): \(question.text)"
        case .nobodyToAsk(let question): "nobody could be asked: \(question.text)"
        case .stopRequested(.cancel): "asked to stop"
        case .stopRequested(.down): "asked to give everything back"
        case .haltRequested: "asked to stop until it is started again"
        case .startRequested: "asked to start again"
        case .halted: "all nodes are stopped, and their disks kept"
        case .notHalted(_, let message): "the nodes cannot be stopped, and are given back: \(message)"
        case .driverStarted(let pid): "driven by process \(pid)"
        default: nil
        }
    }

    /// `no capacity`
    static func refusal(_ kind: ProviderError.Kind) -> String {
        switch kind {
        case .noCapacity: "no capacity"
        case .quota: "quota"
        case .credentials: "credentials"
        case .transient: "passing trouble"
        case .badRequest: "bad request"
        case .lost: "lost"
        }
    }

    private static func nodes(of group: NodeGroup) -> String {
        let count = group.nodes.count == 1 ? "" : "\(group.nodes.count) × "
        let assurance = group.assurance.map { " (\($0))" } ?? ""
        return "\(count)\(group.instanceType) in \(group.provider)/\(group.region)\(assurance)"
    }

    private static func delivery(_ transfers: [TransferRecord]) -> String {
        guard !transfers.isEmpty else { return "files and inputs are on the nodes" }
        let moved = transfers.reduce(DataSize.zero) { $0 + $1.moved }
        let cost = transfers.reduce(Money.zero) { $0 + $1.cost }
        return "files and inputs are on the nodes; \(moved) moved for \(Figures.amount(cost))"
    }

    /// `inputs/data (40 MB) went by way of this machine for $0.0036: …`
    static func sentence(_ relay: Relay) -> String {
        let cost = relay.cost == .zero ? "" : " for \(Figures.amount(relay.cost))"
        return "\(relay.path) (\(relay.size)) went by way of this machine\(cost): \(relay.reason)"
    }

    private static func artifacts(_ outputs: [StoredArtifact]) -> String {
        Figures.list(outputs.map { "\($0.name) (\($0.artifact.size), \($0.artifact.digest.hex.prefix(12)))" })
    }

    private static func trouble(_ failure: AttemptFailure) -> String {
        switch failure {
        case .nodesLost(let message): "the nodes are lost: \(message)"
        case .inputsLost(let names): "\(Figures.list(names)) lost, to be made again"
        case .transient(let message): "trouble on the way: \(message)"
        case .stage(let message): message
        }
    }
}

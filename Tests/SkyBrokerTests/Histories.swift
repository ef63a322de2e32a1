import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec
import SkyStorage

@testable import SkyBroker

/// A run of two chained stages, told event by event.
struct History {
    private(set) var state: RunState
    private(set) var now: Instant = .start

    init(zones: [String] = ["a", "b"], pricePerHour: Money = .zero) throws {
        try self.init(launch: .chain(zones: zones, pricePerHour: pricePerHour))
    }

    init(launch: Launch) throws {
        let first = RecordedEvent(.launched(launch), at: .start)
        guard let state = RunState(first) else { throw SimulatedDriver.SimulationError.noLaunch }
        self.state = state
    }

    /// - Returns: what should be under way now and was not before; clocks and the keeping of nodes left aside.
    @discardableResult
    mutating func play(_ event: RunEvent, after pause: TimeSpan = TimeSpan(milliseconds: 1)) -> [Effect.Work] {
        now = now + pause
        let before = Set(state.effects.map(\.id))
        _ = state.apply(RecordedEvent(event, at: now, dice: .max))
        return state.effects.filter { !before.contains($0.id) && !$0.isInBackground }.map(\.work)
    }

    /// The clock of a stage's slot rings at the moment it was set to; does nothing when there is no such clock.
    @discardableResult
    mutating func ring(_ slot: Effect.Slot, of stage: String? = nil) -> [Effect.Work] {
        for effect in state.effects where effect.id.slot == slot {
            if case .sleep(let alarm, let moment) = effect.work, stage == nil || alarm.stage == stage {
                return play(.alarm(alarm), after: max(moment - now, .zero))
            }
        }
        return []
    }

    /// Of the stage's current attempt.
    func id(_ stage: String) -> AttemptID {
        state.stage(named: stage)?.attempt?.id ?? AttemptID(run: state.run, stage: stage, number: 0)
    }

    func group(_ stage: String) -> NodeGroup { group(id(stage)) }

    func group(_ id: AttemptID) -> NodeGroup {
        NodeGroup(
            token: id.token, run: state.run, provider: "aws", region: "r", instanceType: "t", state: .running,
            nodes: [Node(id: "n", rank: 0, address: "127.0.0.1")])
    }

    mutating func playToRunning(_ stage: String) {
        play(.lookedUp(stage: stage, reuse: nil))
        play(.provisioned(id(stage), group(stage)))
        play(.delivered(id(stage), []))
    }

    mutating func finish(_ stage: String) {
        playToRunning(stage)
        play(.jobEnded(id(stage), exitCode: 0))
        play(.collected(id(stage), [.named("out", in: "aws")]))
        play(.released(id(stage)))
    }
}

extension Effect {
    var isInBackground: Bool {
        switch work {
        case .keep: true
        case .sleep: id.slot != .phase
        default: false
        }
    }
}

extension Instant {
    static let start = Instant(millisecondsSince1970: 1_700_000_000_000)
}

extension StoredArtifact {
    static func named(_ name: String, in provider: String) -> StoredArtifact {
        StoredArtifact(
            name: name, artifact: Artifact(digest: .zeros, kind: .file, size: DataSize(bytes: 10)),
            location: Location(provider: provider, region: "r"))
    }
}

extension Launch {
    static func chain(zones: [String] = ["a", "b"], pricePerHour: Money = .zero) -> Launch {
        .of(
            [
                Stage(name: "one", outputs: [StageOutput(name: "out")], run: "true"),
                Stage(
                    name: "two", inputs: [StageInput(name: "data", source: .output(stage: "one", artifact: "out"))],
                    run: "true"),
            ], zones: zones, pricePerHour: pricePerHour)
    }

    /// a feeds b and c, which feed d; a service reads what d made.
    static func diamondWithService() -> Launch {
        func reading(_ names: [String]) -> [StageInput] {
            names.map { StageInput(name: $0, source: .output(stage: $0, artifact: "out")) }
        }
        let out = [StageOutput(name: "out")]
        return .of([
            Stage(name: "a", outputs: out, run: "true"),
            Stage(name: "b", inputs: reading(["a"]), outputs: out, run: "true"),
            Stage(name: "c", inputs: reading(["a"]), outputs: out, run: "true"),
            Stage(name: "d", inputs: reading(["b", "c"]), outputs: out, run: "true"),
            Stage(name: "serve", inputs: reading(["d"]), run: "true", service: ServiceSpec(port: 8080)),
        ])
    }

    static func of(
        _ stages: [Stage], zones: [String] = ["a", "b"], pricePerHour: Money = .zero,
        market: Offer.Market = .onDemand
    ) -> Launch {
        let offer = Offer(
            provider: "aws", region: "r", instanceType: "t", cpus: 1, memoryGiB: 1,
            pricePerHour: pricePerHour, market: market)
        let planned = stages.map { stage in
            PlannedStage(
                stage: stage.name, offer: offer, numNodes: 1, pricePerHour: pricePerHour, duration: .hour,
                durationSource: .assumed, cost: pricePerHour, reason: "the only one")
        }
        guard let run = RunID("p-test") else { preconditionFailure("a good name") }
        let plan = Plan(
            pipeline: "p", objective: .cost, policy: "cheapest", stages: planned, transfers: [], totalCost: .zero,
            totalTime: .zero, proof: Plan.Proof(isOptimal: true, costLowerBound: .zero))
        let everyZone = Dictionary(stages.map { ($0.name, zones) }, uniquingKeysWith: { first, _ in first })
        return Launch(
            run: run, pipeline: Pipeline(name: "p", stages: stages, directory: "/"), plan: plan,
            zones: everyZone)
    }
}

extension ArtifactDigest {
    /// Of nothing in particular.
    static var zeros: ArtifactDigest {
        guard let digest = ArtifactDigest(hex: String(repeating: "0", count: 64)) else {
            preconditionFailure("64 digits")
        }
        return digest
    }
}

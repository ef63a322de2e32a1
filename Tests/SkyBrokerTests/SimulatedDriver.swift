import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec
import SkyStorage

@testable import SkyBroker

/// Drives a run's core through a simulated cloud in virtual time, one random step after the other, and dies between
/// any two of them: then only the journal is left.
struct SimulatedDriver {
    private(set) var journal: [RecordedEvent]
    private(set) var state: RunState
    var cloud: SimulatedCloud
    private(set) var crashes = 0
    private var now: Instant
    /// Effects under way, and whether their doing has been done and only the reply is outstanding.
    private var underWay: [(effect: Effect, reply: RunEvent?)] = []
    let crashProbability: Double

    init(launch: Launch, cloud: SimulatedCloud, crashProbability: Double) throws {
        now = Instant(millisecondsSince1970: 0)
        let first = RecordedEvent(.launched(launch), at: now)
        journal = [first]
        guard let state = RunState(first) else { throw SimulationError.noLaunch }
        self.state = state
        self.cloud = cloud
        self.crashProbability = crashProbability
    }

    enum SimulationError: Error { case noLaunch, neverEnds(String), foldDiffers }

    /// Until the run has ended; `stopAfter` steps someone asks it to stop.
    mutating func run(stopAfter: Int? = nil, reason: StopReason = .cancel) throws {
        var steps = 0
        while state.endedAt == nil {
            steps += 1
            guard steps < 20_000 else { throw SimulationError.neverEnds("\(state.stages.map(\.phase))") }
            if steps == stopAfter { try take(.stopRequested(reason)) }
            if cloud.happens(crashProbability) { try crash() }
            try step()
            if state.status == .serving, stopAfter == nil { try take(.stopRequested(.down)) }
        }
    }

    private mutating func crash() throws {
        crashes += 1
        underWay = []
        guard let folded = RunState(folding: journal), folded == state else { throw SimulationError.foldDiffers }
        state = folded
        try take(.driverStarted(processID: 1))
    }

    private mutating func step() throws {
        let wanted = state.effects
        underWay.removeAll { !wanted.contains($0.effect) }
        for effect in wanted where !underWay.contains(where: { $0.effect.id == effect.id }) && !effect.isInBackground {
            underWay.append((effect, nil))
        }
        guard !underWay.isEmpty else { return }
        let index = Int.random(in: underWay.indices, using: &cloud.random)
        if let reply = underWay[index].reply {
            underWay.remove(at: index)
            try take(reply)
            if cloud.happens(0.1) { try take(reply) }
        } else {
            underWay[index].reply = perform(underWay[index].effect.work)
        }
    }

    private mutating func take(_ event: RunEvent) throws {
        now = now + TimeSpan(milliseconds: 7)
        let recorded = RecordedEvent(event, at: now, dice: UInt32.random(in: .min ... .max, using: &cloud.random))
        journal.append(recorded)
        _ = state.apply(recorded)
    }

    private mutating func perform(_ work: Effect.Work) -> RunEvent {
        switch work {
        case .lookUp(let stage, _): return .lookedUp(stage: stage, reuse: nil)
        case .provision(let id, let planned, _):
            do throws(ProviderError) {
                let offer = planned.offer
                return .provisioned(id, try cloud.provision(id, provider: offer.provider, region: offer.region))
            } catch {
                return .provisionFailed(id, error)
            }
        case .deliver(let id, _, let inputs, _, _):
            let lost = inputs.filter { !cloud.has($0.artifact.digest) }
            guard lost.isEmpty else { return .attemptFailed(id, .inputsLost(lost.map { source(of: $0, id) })) }
            return alive(id) ?? .delivered(id, [])
        case .run(let id, _, _):
            if let lost = alive(id) { return lost }
            cloud.startJob(id)
            return alive(id) ?? .jobEnded(id, exitCode: cloud.endJob(id))
        case .probe(let id, _, _):
            if let lost = alive(id) { return lost }
            cloud.startJob(id)
            return .serviceReady(id, url: "http://here")
        case .watch(let id, _, _, _): return alive(id) ?? .delivered(id, [])
        case .collect(let id, let group):
            if let lost = alive(id) { return lost }
            let outputs = state.launch.pipeline.stage(named: id.stage)?.outputs ?? []
            return .collected(id, outputs.map { stored($0.name, id, group) })
        case .release(let id, _, _):
            cloud.terminate(id)
            return .released(id)
        case .sleep(let alarm, let until):
            now = max(now, until)
            return .alarm(alarm)
        case .halt(let id, _, _): return .notHalted(id, message: "no machine here can be stopped")
        case .start(let id, _, let provider):
            return .provisionFailed(id, ProviderError(.lost, provider: provider, "it is gone"))
        case .save(let id, let group, let number, _):
            return .checkpointed(id, stored("ckpt", id, group), number: number)
        case .keep(let id, _): return .delivered(id, [])
        case .ask(let question): return .nobodyToAsk(question)
        case .relocate(let stage, _, _, _):
            guard let planned = state.stage(named: stage)?.planned else {
                return .notRelocatable(stage: stage, message: "no such stage")
            }
            return .relocated(stage: stage, planned, zones: ["x", "y"])
        }
    }

    private mutating func alive(_ id: AttemptID) -> RunEvent? {
        cloud.isAlive(id) ? nil : .attemptFailed(id, .nodesLost(message: "preempted"))
    }

    private mutating func stored(_ name: String, _ id: AttemptID, _ group: NodeGroup) -> StoredArtifact {
        var hex = ""
        for byte in "\(id.stage).\(name)".utf8.prefix(32) { hex += String(byte, radix: 16) }
        hex += String(repeating: "0", count: 64 - hex.count)
        let digest = ArtifactDigest(hex: hex) ?? .zeros
        cloud.store(digest)
        return StoredArtifact(
            name: name, artifact: Artifact(digest: digest, kind: .file, size: DataSize(bytes: 1)),
            location: Location(provider: group.provider, region: group.region))
    }

    private func source(of input: StoredArtifact, _ id: AttemptID) -> String {
        let inputs = state.launch.pipeline.stage(named: id.stage)?.inputs ?? []
        guard case .output(let stage, let artifact) = inputs.first(where: { $0.name == input.name })?.source else {
            return input.name
        }
        return "\(stage).\(artifact)"
    }
}

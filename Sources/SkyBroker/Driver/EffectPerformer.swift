import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec
import SkyStorage

/// Does what an effect says against the real world and reports what happened as an event.
///
/// Every effect may be begun again from its start, by this process or by the next: tokens name what is rented and what
/// runs, artifacts are named by their digest, and giving back what is gone is no error.
struct EffectPerformer: EffectPerforming {
    let world: DriverWorld
    let launch: Launch
    /// The pipeline's stages, by name.
    let stages: [String: Stage]
    let held = HeldNodes()

    init(world: DriverWorld, launch: Launch) {
        self.world = world
        self.launch = launch
        stages = Dictionary(launch.pipeline.stages.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func perform(
        _ work: Effect.Work, pinned: [String: Offer], report: @Sendable @escaping (RunEvent) -> Void
    ) async {
        if case .keep(let id, let group) = work { return await keep(id, group, report: report) }
        if let event = await event(of: work, pinned: pinned, report: report) { report(event) }
    }

    /// Nil when the effect was cancelled: nobody waits for it any more.
    private func event(
        of work: Effect.Work, pinned: [String: Offer], report: @Sendable @escaping (RunEvent) -> Void
    ) async -> RunEvent? {
        switch work {
        case .lookUp(let stage, let inputs): return await lookUp(stage, inputs: inputs)
        case .provision(let id, let planned, let zone): return await provision(id, planned, zone: zone)
        case .deliver(let id, let group, let inputs, let code, let checkpoint):
            return await attempting(id) {
                try await deliver(id, group, inputs: inputs, code: code, checkpoint: checkpoint, report: report)
            }
        case .run(let id, let group, let accelerator):
            return await attempting(id, on: group) { try await runToEnd(id, group, accelerator: accelerator) }
        case .watch(let id, let group, let accelerator, let url):
            async let _ = keepWay(to: id.stage, group, url: url)
            let event = await attempting(id, on: group) { try await runToEnd(id, group, accelerator: accelerator) }
            // The way ends with the watching.
            return event
        case .probe(let id, let group, let accelerator):
            return await attempting(id) { try await startService(id, group, accelerator: accelerator) }
        case .save(let id, let group, let number, let endsJob):
            if endsJob { await endJob(of: id, group) }
            return await save(id, group, number: number, report: report)
        case .collect(let id, let group): return await attempting(id) { try await collect(id, group, report: report) }
        case .release(let id, let token, let provider): return await release(id, token: token, provider: provider)
        case .halt(let id, let token, let provider): return await halt(id, token: token, provider: provider)
        case .start(let id, let token, let provider): return await start(id, token: token, provider: provider)
        case .relocate(let stage, let excluded, let onDemandOnly, let begunAt):
            let request = DriverWorld.RelocationRequest(
                stage: stage, pinned: pinned, excluded: excluded, onDemandOnly: onDemandOnly,
                elapsed: max(world.now() - begunAt, .zero))
            return await relocate(request)
        case .ask(let question): return await ask(question)
        case .sleep(let alarm, let until): return await sleep(alarm, until: until)
        case .keep: return nil
        }
    }

    private func sleep(_ alarm: Alarm, until moment: Instant) async -> RunEvent? {
        // In steps: a machine that slept must not make a wait of an hour one of a day.
        while world.now() < moment {
            let left = min(moment - world.now(), .seconds(60))
            guard (try? await Task.sleep(for: .milliseconds(max(1, left.milliseconds)))) != nil else { return nil }
        }
        return .alarm(alarm)
    }

    /// What fails while this machine's disk is full is begun again when there is room.
    private func patiently<Result>(_ id: AttemptID, _ body: () async throws -> Result) async throws -> Result {
        let room = DiskRoom(at: world.folder.path)
        while true {
            do { return try await body() } catch {
                guard room.isMissing, !(error is CancellationError) else { throw error }
                world.log("waiting for room in \(world.folder.path): \(id): \(error)")
                guard try await room.wait() else { throw error }
            }
        }
    }

    /// Sorts whatever went wrong with an attempt's nodes into what the core knows.
    private func attempting(
        _ id: AttemptID, on group: NodeGroup? = nil, _ body: () async throws -> RunEvent
    ) async -> RunEvent? {
        do {
            return try await patiently(id, body)
        } catch is CancellationError {
            return nil
        } catch let failure as AttemptFailureError {
            if case .nodesLost(let message) = failure.failure { return await lost(id, group, message) }
            return .attemptFailed(id, failure.failure)
        } catch let error as ProviderError {
            switch error.kind {
            case .transient: return .attemptFailed(id, .transient(message: error.description))
            case .badRequest: return .attemptFailed(id, .stage(message: error.description))
            default: return await lost(id, group, error.description)
            }
        } catch let error as StorageError where error.isLasting {
            return .attemptFailed(id, .stage(message: "\(error)"))
        } catch {
            return .attemptFailed(id, .transient(message: "\(error)"))
        }
    }

    /// Whoever was using a node when it went tells less than who took it.
    private func lost(_ id: AttemptID, _ group: NodeGroup?, _ message: String) async -> RunEvent {
        let reason: String? = if let group { await lossReason(of: group) } else { nil }
        return .attemptFailed(id, .nodesLost(message: reason ?? message))
    }

    func stage(_ name: String) throws(AttemptFailureError) -> Stage {
        guard let spec = stages[name] else {
            throw AttemptFailureError(.stage(message: "the run knows no stage '\(name)'"))
        }
        return spec
    }

    /// The ways to all nodes of a group, by rank.
    func channels(to group: NodeGroup) async throws(ProviderError) -> [any NodeChannel] {
        let adapter = try adapter(group.provider)
        var channels: [any NodeChannel] = []
        for node in group.nodes { channels.append(try await adapter.channel(to: node, of: group)) }
        return channels
    }

    func adapter(_ provider: String) throws(ProviderError) -> any ProviderAdapter {
        guard let adapter = world.adapter(provider) else {
            throw ProviderError(.badRequest, provider: provider, "no such provider; `sky check` lists them")
        }
        return adapter
    }

    private func provision(_ id: AttemptID, _ planned: PlannedStage, zone: String?) async -> RunEvent? {
        do {
            let spec = stages[id.stage]
            let adapter = try adapter(planned.offer.provider)
            let image = adapter.nodesAreContainers ? spec?.resources.containerImage : spec?.resources.machineImage
            let request = NodeGroupRequest(
                token: id.token, run: id.run, region: planned.offer.region, zone: zone,
                instanceType: planned.offer.instanceType, accelerator: planned.offer.accelerator,
                isSpot: planned.offer.market == .spot, numNodes: planned.numNodes,
                diskGiB: spec?.resources.diskSize, diskTier: spec?.resources.diskTier,
                image: image,
                capabilities: (spec?.resources.capabilities).flatMap { $0.isEmpty ? nil : $0 },
                labels: spec?.resources.labels ?? [:], servicePort: spec?.service?.port, lease: world.lease(of: launch))
            let begun = world.now()
            let group = try await patiently(id) { try await adapter.provision(request) }
            held.leaseRenewed(of: group.token, at: begun)
            return .provisioned(id, group)
        } catch let error as ProviderError {
            return Task.isCancelled ? nil : .provisionFailed(id, error)
        } catch {
            return nil
        }
    }

    /// Goes on until the provider has confirmed: what is rented is never forgotten.
    private func release(_ id: AttemptID, token: String, provider: String) async -> RunEvent? {
        var failures = 0
        await held.forget(token)
        while !Task.isCancelled {
            do {
                let adapter = try adapter(provider)
                try await adapter.terminate(token: token)
                try? FileManager.default.removeItem(atPath: world.folder.scratch(of: id))
                return .released(id, held: await heldSpan(of: token, by: adapter))
            } catch {
                failures += 1
                world.log("giving back \(id) failed, trying again: \(error)")
                let pause = FailurePolicy.pause(after: failures, dice: .max)
                try? await Task.sleep(for: .milliseconds(pause.milliseconds))
            }
        }
        return nil
    }

    /// What the provider's books say, if they can be asked now: no reason to wait.
    private func heldSpan(of token: String, by adapter: any ProviderAdapter) async -> HeldSpan? {
        guard let bookkeeper = adapter as? any BookkeepingAdapter else { return nil }
        do { return try await bookkeeper.held(token: token) } catch {
            world.log("when \(token) was held is not known: \(error)")
            return nil
        }
    }

    private func relocate(_ request: DriverWorld.RelocationRequest) async -> RunEvent {
        do {
            let (planned, zones) = try await world.relocate(launch, request)
            return .relocated(stage: request.stage, planned, zones: zones)
        } catch {
            return .notRelocatable(stage: request.stage, message: "no other place is left: \(error)")
        }
    }
}

/// An attempt's failure on its way up.
struct AttemptFailureError: Error {
    let failure: AttemptFailure

    init(_ failure: AttemptFailure) { self.failure = failure }
}

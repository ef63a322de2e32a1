import FoundationEssentials
import SkyCore
import SkyEngines
import SkyHTTP
import SkyProviders
import SkyRuntime
import SkySpec

extension EffectPerformer {
    /// Starts the job on all ranks, or finds it started, and waits for its end. The gang ends together: the first
    /// rank that fails ends the others.
    func runToEnd(
        _ id: AttemptID, _ group: NodeGroup, accelerator: AcceleratorCount?
    ) async throws -> RunEvent {
        let gang = try await gang(id, group, accelerator: accelerator)
        try await checkContainers(of: gang)
        return try await withThrowingTaskGroup(of: GangNews.self) { news in
            for rank in gang {
                news.addTask { .ended(rank: rank.node.rank, try await follow(rank, of: id)) }
            }
            defer { news.cancelAll() }
            var running = Set(gang.map(\.node.rank))
            while let next = try await news.next() {
                guard case .ended(let rank, let end) = next else { continue }
                running.remove(rank)
                guard end.code != 0 else { continue }
                await stop(gang.filter { running.contains($0.node.rank) }, &news)
                return .jobEnded(
                    id, exitCode: end.code, rank: gang.count > 1 ? rank : nil, exceeded: end.exceeded,
                    engine: end.exceeded == nil ? try engineFailure(id, end.code) : nil)
            }
            return .jobEnded(id, exitCode: 0)
        }
    }

    /// Has the other ranks end in order. Returns when what they printed is here too, or has taken too long.
    private func stop(_ others: [Rank], _ news: inout ThrowingTaskGroup<GangNews, any Error>) async {
        for rank in others {
            news.addTask {
                // One that cannot be asked ends with its group.
                if let agent = try? await rank.channel.connect() {
                    try? await agent.kill(job: rank.job.id, grace: Self.graceOfOthers)
                    await agent.close()
                }
                return .asked
            }
        }
        news.addTask {
            try await Task.sleep(for: Self.patienceWithOthers)
            return .patienceIsOver
        }
        var left = others.count
        while left > 0, let next = await news.nextResult() {
            switch next {
            case .success(.asked): break
            case .success(.ended), .failure: left -= 1
            case .success(.patienceIsOver): return
            }
        }
    }

    private static let graceOfOthers = TimeSpan.seconds(10)
    private static let patienceWithOthers = Duration.seconds(20)

    /// Starts the service and waits until it answers; or reports that it ended first.
    func startService(
        _ id: AttemptID, _ group: NodeGroup, accelerator: AcceleratorCount?
    ) async throws -> RunEvent {
        let spec = try stage(id.stage)
        guard let service = spec.service, let node = group.nodes.first else {
            throw AttemptFailureError(.stage(message: "stage '\(id.stage)' is no service"))
        }
        let url = Self.directURL(of: node, service)
        return try await withThrowingTaskGroup(of: RunEvent.self) { race in
            race.addTask { try await runToEnd(id, group, accelerator: accelerator) }
            race.addTask { try await waitUntilReady(id, service, at: url, on: node, of: group) }
            defer { race.cancelAll() }
            guard let first = try await race.next() else { throw CancellationError() }
            return first
        }
    }

    /// At the node's own address, or where that is out of reach by the way that leads to the node.
    private func waitUntilReady(
        _ id: AttemptID, _ service: ServiceSpec, at url: String, on node: Node, of group: NodeGroup
    ) async throws -> RunEvent {
        let deadline = world.now() + service.initialDelay
        let channel = try await adapter(group.provider).channel(to: node, of: group)
        var pause = 20
        while world.now() < deadline {
            if await answers(service, at: url) { return .serviceReady(id, url: url) }
            if let port = try? await channel.forward(port: node.endpointPort ?? service.port) {
                let near = Self.forwardedURL(port)
                if await answers(service, at: near) { return .serviceReady(id, url: near) }
            }
            try await Task.sleep(for: .milliseconds(pause))
            pause = min(1000, pause * 3 / 2)
        }
        let path = service.readinessPath ?? "/"
        throw AttemptFailureError(
            .stage(message: "the service did not answer 2xx at \(path) within \(service.initialDelay) of its start"))
    }

    private func answers(_ service: ServiceSpec, at url: String) async -> Bool {
        let probe = HTTPRequest(.get, url + (service.readinessPath ?? "/"), timeout: .seconds(5))
        guard let response = try? await world.http.send(probe) else { return false }
        return response.isSuccess || service.readinessPath == nil
    }

    private static func directURL(of node: Node, _ service: ServiceSpec) -> String {
        "http://\(node.publicAddress ?? node.address):\(node.endpointPort ?? service.port)"
    }

    private static func forwardedURL(_ port: Int) -> String { "http://127.0.0.1:\(port)" }

    /// Mends the way to a service that is reached by the way to its node, whenever that was broken. Until its task is cancelled.
    func keepWay(to stage: String, _ group: NodeGroup, url: String) async {
        guard let service = try? self.stage(stage).service, let node = group.nodes.first else { return }
        let port = node.endpointPort ?? service.port
        guard url != Self.directURL(of: node, service) else { return }
        repeat {
            let channel = try? await adapter(group.provider).channel(to: node, of: group)
            if let now = try? await channel?.forward(port: port), Self.forwardedURL(now) != url {
                world.log("\(stage) is at \(Self.forwardedURL(now)) now, and no more at \(url)")
            }
        } while (try? await Task.sleep(for: .seconds(5))) != nil
    }

    /// One job per rank, each with its own environment.
    private func gang(
        _ id: AttemptID, _ group: NodeGroup, accelerator: AcceleratorCount?
    ) async throws -> [Rank] {
        let spec = try stage(id.stage)
        let secrets = try secrets(of: spec)
        let mounts = try await jobMounts(id, group)
        let engineSecret = try spec.engine.map { _ in try EngineSecret.of(id, in: world.folder) }
        let adapter = try adapter(group.provider)
        let image = adapter.nodesAreContainers ? nil : spec.resources.containerImage
        var ranks: [Rank] = []
        for node in group.nodes {
            let channel = try await adapter.channel(to: node, of: group)
            let environment = JobEnvironment(
                attempt: id, rank: node.rank, nodeAddresses: group.nodes.map(\.address),
                inputs: paths(spec.inputs.map(\.name), on: channel, at: NodeLayout.input),
                outputs: paths(spec.outputs.map(\.name), on: channel, at: NodeLayout.output),
                servicePort: spec.service.map { node.endpointPort ?? $0.port }, accelerator: accelerator,
                checkpoint: spec.checkpointPath.map {
                    CheckpointPlace($0, on: channel, home: world.environment["HOME"]).path(on: channel)
                },
                userVariables: spec.envs)
            let engine = spec.engine.map { engine in
                EngineJob(
                    of: engine, command: spec.run ?? "true",
                    on: EngineNode(
                        rank: node.rank, addresses: group.nodes.map(\.address),
                        acceleratorsPerNode: accelerator.map { Int($0.count) } ?? 0,
                        folder: channel.absolutePath(NodeLayout.engine), memoryLimit: spec.limits?.memory,
                        installVariables: channel.isOnThisMachine ? world.environment : [:],
                        secret: engineSecret ?? ""))
            }
            let hidden = secrets.merging(engine?.secrets ?? [:]) { _, engines in engines }
            let key = HeldNodes.Key(token: group.token, rank: node.rank)
            let former = held.formerJob(on: key)
            let job = JobSpec(
                id: id.token, setup: spec.setup, run: engine?.run ?? spec.run ?? "true",
                workingDirectory: NodeLayout.work,
                environment: engine?.variables(over: environment.variables) ?? environment.variables,
                limits: Self.limits(of: spec), setupKey: SetupKey.hex(of: spec),
                workID: id.token, needs: JobNeeds(allOf: accelerator), secrets: hidden.isEmpty ? nil : hidden,
                image: image, mounts: mounts, successorOf: former == id.token ? nil : former)
            ranks.append(Rank(key: key, node: node, channel: channel, job: job))
        }
        return ranks
    }

    /// Before anything begins on any node: each of them can run containers, if that is what is to run there.
    private func checkContainers(of gang: [Rank]) async throws {
        for rank in gang {
            guard let image = rank.job.image else { return }
            let known = held.takeConnection(to: rank.key)
            // A node out of reach is dealt with where its job is started.
            let agent = if let known { known } else { try? await rank.channel.connect() }
            guard let agent else { continue }
            let canRun = agent.containers != nil
            await held.keep(agent, to: rank.key)
            guard canRun else {
                throw AttemptFailureError(
                    .stage(
                        message:
                            "node \(rank.node.rank) (\(rank.node.address)) has neither docker nor podman, and the stage wants a"
                            + " container of \(image): install one there, choose another place (infra), or leave"
                            + " image_id out"))
            }
        }
    }

    /// How the stage's engine failed it, as the code of a node's job says.
    private func engineFailure(_ id: AttemptID, _ code: Int) throws -> EngineFailure? {
        guard try stage(id.stage).engine?.name.isCluster == true else { return nil }
        return EngineFailure(exitCode: code)
    }

    private static func limits(of spec: Stage) -> JobLimits? {
        let limits = JobLimits(
            time: spec.timeout, memory: spec.limits?.memory, files: spec.limits?.files,
            log: spec.limits?.log)
        return limits == JobLimits() ? nil : limits
    }

    private func secrets(of spec: Stage) throws -> [String: String] {
        var values: [String: String] = [:]
        for name in spec.secretNames {
            guard let value = world.environment[name] else {
                throw AttemptFailureError(
                    .stage(message: "the secret \(name) is not set: export it and launch again"))
            }
            values[name] = value
        }
        return values
    }

    private func paths(
        _ names: [String], on channel: any NodeChannel, at layout: (String) -> String
    ) -> [String: String] {
        Dictionary(names.map { ($0, channel.absolutePath(layout($0))) }, uniquingKeysWith: { first, _ in first })
    }

    /// One rank's job from start (or wherever it is) to its end, its output copied to this machine as it comes. A
    /// connection that breaks is made again, however often: the agent may have died, and its jobs live on. Only when
    /// several in a row come to nothing is the node given up.
    private func follow(_ rank: Rank, of id: AttemptID) async throws -> JobEnd {
        var log = LogCopy(path: world.folder.log(of: id, rank: rank.node.rank))
        if let keep = rank.job.limits?.log { log.keep = keep.bytes }
        var failures = 0
        while true {
            try Task.checkCancellation()
            let obstacle: String
            let known = held.takeConnection(to: rank.key)
            do {
                let agent = if let known { known } else { try await rank.channel.connect() }
                let end = try await withTaskCancellationHandler {
                    _ = try await agent.submit(rank.job)
                    failures = 0
                    return try await follow(rank.job, on: agent, into: log)
                } onCancel: {
                    Task { await agent.close() }
                }
                held.jobEnded(rank.job.id, on: rank.key)
                await held.keep(agent, to: rank.key)
                return end
            } catch let error as AgentError where error.kind == .ending {
                throw AttemptFailureError(.nodesLost(message: error.message))
            } catch let error as AgentError where error.kind == .disconnected {
                // One that has stood idle since the last stage may have broken long ago.
                if known != nil, failures == 0 { continue }
                obstacle = error.message
            } catch let error as ProviderError where error.kind == .transient {
                obstacle = error.message
            } catch let error as AgentError {
                throw AttemptFailureError(.stage(message: error.message))
            }
            try Task.checkCancellation()
            failures += 1
            world.log("the way to node \(rank.node.rank) of \(id) is broken, and is made again: \(obstacle)")
            guard failures < Self.futileConnections else { throw AttemptFailureError(.nodesLost(message: obstacle)) }
            try await Task.sleep(for: .milliseconds(FailurePolicy.pause(after: failures - 1, dice: .max).milliseconds))
        }
    }

    /// Connections in a row that did not get as far as the job before the node counts as lost: 15 seconds and more.
    private static let futileConnections = 6

    private func follow(_ job: JobSpec, on agent: any NodeAgent, into log: LogCopy) async throws -> JobEnd {
        async let copied: Void = log.follow(job.id, of: agent)
        let end = try await agent.waitForEnd(ofJob: job.id)
        try await copied
        return end
    }
}

/// What comes from a gang while its job runs.
private enum GangNews: Sendable {
    case ended(rank: Int, JobEnd)
    /// A rank was asked to end.
    case asked
    case patienceIsOver
}

/// One node of a gang, the way to it, and what it runs.
private struct Rank: Sendable {
    let key: HeldNodes.Key
    let node: Node
    let channel: any NodeChannel
    let job: JobSpec
}

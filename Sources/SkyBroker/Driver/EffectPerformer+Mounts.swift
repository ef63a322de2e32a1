import SkyCore
import SkyProviders
import SkyRuntime
import SkySpec
import SkyStorage

extension EffectPerformer {
    /// How what the stage mounts comes to the nodes of its group; nil for a stage that mounts nothing. All nodes have it the same way.
    func mountWays(_ id: AttemptID, _ group: NodeGroup) async throws -> MountWays? {
        let spec = try stage(id.stage)
        guard MountWays.areNeeded(by: spec.code) else { return nil }
        let adapter = try adapter(group.provider)
        var ways = MountWays(code: spec.code)
        if !adapter.nodesAreContainers, let image = spec.resources.containerImage {
            if !spec.code.liveMounts.isEmpty {
                ways.obstacle = "nothing is mounted in a container (image_id: docker:\(image))"
            }
            return ways
        }
        for node in group.nodes {
            let ability = try await mountAbility(of: node, group, adapter)
            let who = "node \(node.rank) (\(node.address))"
            if !ability.hasNamespaces { try refuse(ways.code, at: who, nodesAreOwn: adapter.nodesAreContainers) }
            if let obstacle = ability.bucketObstacle, !spec.code.liveMounts.isEmpty {
                ways.obstacle = ways.obstacle ?? "\(who) cannot mount it (\(obstacle))"
            }
        }
        return ways
    }

    /// What a node without mounts of its own can do all the same: links, where it is the run's alone.
    private func refuse(_ code: StageCode, at node: String, nodesAreOwn: Bool) throws {
        if let mount = code.liveMounts.first {
            throw AttemptFailureError(
                .stage(
                    message: "\(mount.source) cannot be mounted at \(mount.target): \(node) \(Self.lacksMounts)."
                        + " If it is only read, say mode: COPY; or choose another place (infra)"))
        }
        guard !nodesAreOwn, let mount = code.mounts.first(where: \.isOutside) else { return }
        let inside = mount.target.split(separator: "/").last ?? "data"
        throw AttemptFailureError(
            .stage(
                message: "nothing can be put at \(mount.target): \(node) \(Self.lacksMounts). Mount it inside the"
                    + " working directory, as \(inside); or choose another place (infra)"))
    }

    private static let lacksMounts = "gives jobs no mounts of their own (that takes root, or namespaces of users)"

    private func mountAbility(
        of node: Node, _ group: NodeGroup, _ adapter: any ProviderAdapter
    ) async throws -> MountAbility {
        let key = HeldNodes.Key(token: group.token, rank: node.rank)
        let known = held.takeConnection(to: key)
        let agent = if let known { known } else { try await adapter.channel(to: node, of: group).connect() }
        let ability = agent.mounts
        await held.keep(agent, to: key)
        return ability ?? MountAbility(hasNamespaces: false, bucketObstacle: "its agent knows nothing of mounts")
    }

    /// For the job of every node of the group; nil for none.
    func jobMounts(_ id: AttemptID, _ group: NodeGroup) async throws -> [JobMount]? {
        guard let ways = try await mountWays(id, group) else { return nil }
        var remotes: [String: RcloneRemote] = [:]
        // Whoever mounts for a job that has begun has what it needs: credentials may have ended since.
        let isWanted = ways.obstacle == nil && !ways.code.liveMounts.isEmpty
        let isNeeded = isWanted ? try await !hasBegun(id, group) : false
        for mount in ways.code.liveMounts where isNeeded {
            guard let mountedRemote = world.mountedRemote else {
                throw AttemptFailureError(.stage(message: "nobody here knows how \(mount.source) is mounted"))
            }
            remotes[mount.source] = try await mountedRemote(mount.source)
        }
        return ways.mounts(remotes)
    }

    /// On all nodes, by an earlier driver.
    private func hasBegun(_ id: AttemptID, _ group: NodeGroup) async throws -> Bool {
        for node in group.nodes {
            let key = HeldNodes.Key(token: group.token, rank: node.rank)
            let known = held.takeConnection(to: key)
            let agent =
                if let known { known } else { try await adapter(group.provider).channel(to: node, of: group).connect() }
            let state = try await agent.state(ofJob: id.token)
            await held.keep(agent, to: key)
            if state == nil { return false }
        }
        return true
    }

    /// Buckets that these nodes cannot mount, as they are now.
    func deliverInsteadOfMounting(
        _ id: AttemptID, _ group: NodeGroup, report: @Sendable (RunEvent) -> Void
    ) async throws {
        guard let ways = try await mountWays(id, group), let obstacle = ways.obstacle else { return }
        let here = group.location
        let channels = try await channels(to: group)
        let isElsewhere = channels.contains { !$0.isOnThisMachine }
        for mount in ways.code.liveMounts {
            world.log("\(id): \(mount.source) is copied instead of being mounted: \(obstacle)")
            let taken = try await world.inputs.take(mount.source, as: mount.target, nodesMayFetch: isElsewhere)
            guard let stored = taken else {
                throw AttemptFailureError(.stage(message: "nobody here knows how \(mount.source) is fetched"))
            }
            if stored.source == nil { _ = try await transfer(stored, to: here) }
            for channel in channels {
                let path = MountWays.place(of: mount)
                _ = try await lay(stored, at: path, from: here, on: channel, of: id, report: report)
            }
        }
    }
}

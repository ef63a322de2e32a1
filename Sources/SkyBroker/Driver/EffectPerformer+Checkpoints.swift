import SkyCore
import SkyProcess
import SkyProviders
import SkySpec
import SkyStorage

extension EffectPerformer {
    /// Fetches what the stage has saved on its first node into the store of its location.
    func save(
        _ id: AttemptID, _ group: NodeGroup, number: Int, report: @Sendable (RunEvent) -> Void
    ) async -> RunEvent? {
        do {
            guard let path = try stage(id.stage).checkpointPath, let node = group.nodes.first else {
                return .checkpointFailed(id, message: "the stage names no folder", number: number)
            }
            let channel = try await adapter(group.provider).channel(to: node, of: group)
            let here = group.location
            let place = CheckpointPlace(path, on: channel, home: world.environment["HOME"])
            guard let artifact = try await store(place, from: channel, at: here, of: id, report: report)
            else {
                return .checkpointFailed(id, message: "there is no \(path) yet", number: number)
            }
            return .checkpointed(
                id, StoredArtifact(name: "checkpoint", artifact: artifact, location: here), number: number)
        } catch is CancellationError {
            return nil
        } catch {
            return .checkpointFailed(id, message: "\(error)", number: number)
        }
    }

    /// Nil while the stage has not saved anything.
    private func store(
        _ place: CheckpointPlace, from channel: any NodeChannel, at here: Location, of id: AttemptID,
        report: @Sendable (RunEvent) -> Void
    ) async throws -> Artifact? {
        switch place {
        case .onThisMachine(let path):
            return Files.exists(path) ? try await world.store(here).put(path: path) : nil
        case .onNode(let path):
            guard try await channel.exists(path) else { return nil }
            let staged = "\(world.folder.scratch(of: id))/checkpoint"
            return try await takeIn(path, of: channel, into: here, staged: staged, of: id, report: report)
        }
    }

    /// Puts what an earlier try had saved where the stage looks for it.
    func restore(
        _ checkpoint: StoredArtifact, on channel: any NodeChannel, at here: Location, of id: AttemptID,
        report: @Sendable (RunEvent) -> Void
    ) async throws {
        guard let path = try stage(id.stage).checkpointPath else { return }
        do {
            let place = CheckpointPlace(path, on: channel, home: world.environment["HOME"])
            if case .onNode(let path) = place, let stores = carriers(of: checkpoint, to: here) {
                _ = try await carry(
                    checkpoint, between: stores, to: here, on: channel, at: path, of: id, report: report)
                return
            }
            _ = try await transfer(checkpoint, to: here)
            let artifact = checkpoint.artifact
            switch place {
            case .onThisMachine(let path): try await world.store(here).materialize(artifact.digest, at: path)
            case .onNode(let path):
                try await self.place(artifact, from: here, on: channel, at: path, of: id, report: report)
            }
        } catch let error as StorageError where error.meansGone {
            // Without it the stage begins anew, which is worse than going on and better than failing.
            world.log("the checkpoint of \(id) is gone: \(error)")
        }
    }
}

/// Where a stage keeps what it saves: relative paths are below its working directory.
enum CheckpointPlace: Hashable {
    /// As the channel names it.
    case onNode(String)
    case onThisMachine(String)

    init(_ path: String, on channel: any NodeChannel, home: String?) {
        let isOutside = path.hasPrefix("/") || path == "~" || path.hasPrefix("~/")
        guard isOutside else {
            let inside = "\(NodeLayout.work)/\(path)"
            self = channel.isOnThisMachine ? .onThisMachine(channel.absolutePath(inside)) : .onNode(inside)
            return
        }
        guard channel.isOnThisMachine else {
            // Whatever is outside of the node's folder there is not the node's: the job is told where its place is.
            self = .onNode(NodeLayout.checkpoint)
            return
        }
        self = .onThisMachine(path.hasPrefix("~") ? (home ?? "/root") + path.dropFirst() : path)
    }

    /// As the node's jobs see it.
    func path(on channel: any NodeChannel) -> String {
        switch self {
        case .onNode(let path): channel.absolutePath(path)
        case .onThisMachine(let path): path
        }
    }
}

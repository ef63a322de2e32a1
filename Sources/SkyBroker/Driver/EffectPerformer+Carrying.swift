import SkyCore
import SkyProviders
import SkySpec
import SkyStorage

/// Artifacts that go from the store of one place to that of another: a node carries them where it can, and this machine where
/// nothing else can.
extension EffectPerformer {
    typealias Carriers = (source: any GrantingStore, target: any GrantingStore)

    /// The stores of both places, where both let others in, so that a node that is to have the artifact anyway can bring it.
    func carriers(of stored: StoredArtifact, to here: Location) -> Carriers? {
        guard stored.source == nil, stored.location != here,
            let source = world.store(stored.location) as? any GrantingStore,
            let target = world.store(here) as? any GrantingStore
        else { return nil }
        return (source, target)
    }

    /// Puts an artifact of another place on a node, and from there into the store of the node's own place: whoever wants it there
    /// next finds it.
    ///
    /// - Returns: what moved between the places.
    func carry(
        _ stored: StoredArtifact, between stores: Carriers, to here: Location, on channel: any NodeChannel,
        at path: String, of id: AttemptID, report: @Sendable (RunEvent) -> Void
    ) async throws -> TransferRecord? {
        let (artifact, from, (source, target)) = (stored.artifact, stored.location, stores)
        guard try await target.artifact(artifact.digest) == nil else {
            let record = try await transfer(stored, to: here)
            try await place(artifact, from: here, on: channel, at: path, of: id, report: report)
            return record
        }
        let obstacle = try await DirectFetch(world, held, of: id).bring(
            artifact.digest, from: source, to: path, on: channel)
        let price = await world.pricePerGigabyte(from, here)
        var record = TransferRecord(
            artifact: stored.name, from: from, to: here, size: artifact.size, moved: artifact.size,
            cost: price.perGigabyte(for: artifact.size))
        guard let obstacle else {
            let outcome = try await DirectUpload(world, held, of: id).send(path, on: channel, to: target)
            if case .obstacle(let reason) = outcome {
                world.log("\(id): \(path) is on the node alone, and not in \(target.origin): \(reason)")
            }
            return record
        }
        try refuseRelay(of: path, id, because: obstacle)
        let moved = try await transfer(stored, to: here)?.moved ?? .zero
        report(await relayed(path, moved, from: from, because: obstacle, of: id))
        // It has left the place once, and that is in the relay's cost.
        (record.moved, record.cost) = (moved, .zero)
        try await place(artifact, from: here, on: channel, at: path, of: id, report: report)
        return record
    }

    /// What left a cloud for this machine costs as it would for anybody's.
    func relayed(
        _ path: String, _ size: DataSize, from here: Location, because reason: String, of id: AttemptID
    ) async -> RunEvent {
        let cost = await world.pricePerGigabyte(here, .here).perGigabyte(for: size)
        world.log("\(id): \(path) went by way of this machine: \(reason)")
        return .relayed(id, Relay(path: path, size: size, cost: cost, reason: reason))
    }

    /// Nobody knows where this machine is, so what must stay somewhere does not come by way of it.
    ///
    /// - Throws: when the stage's data is bound.
    func refuseRelay(of path: String, _ id: AttemptID, because reason: String) throws {
        guard path != NodeLayout.work, let stage = stages[id.stage] else { return }
        let areas = launch.pipeline.dataAreas(of: stage).map { $0.joined(separator: " or ") }
        guard !areas.isEmpty else { return }
        throw AttemptFailureError(
            .stage(
                message: "\(path) would come by way of this machine, and its data must stay in "
                    + "\(areas.joined(separator: ", and in ")): \(reason)"))
    }
}

import SkyCore
import SkyProviders
import SkySpec
import SkyStorage

extension EffectPerformer {
    /// Brings an input from the bucket that somebody put it into straight onto a node; where the node cannot fetch it, it comes by
    /// way of this machine.
    ///
    /// - Returns: what moved between places that are known.
    func bring(
        _ input: StoredArtifact, from address: String, to here: Location, on channel: any NodeChannel, at path: String,
        of id: AttemptID, report: @Sendable (RunEvent) -> Void
    ) async throws -> TransferRecord? {
        let place = location(of: input, id.stage)
        guard let obstacle = try await obstacle(input, from: address, on: channel, at: path, of: id) else {
            guard let place, place != here else { return nil }
            let size = input.artifact.size
            let price = await world.pricePerGigabyte(place, here)
            return TransferRecord(
                artifact: input.name, from: place, to: here, size: size, moved: size,
                cost: price.perGigabyte(for: size))
        }
        try refuseRelay(of: path, id, because: obstacle)
        let (fetched, moved) = try await fetchIfAbsent(input, from: address)
        let price = if let place { await world.pricePerGigabyte(place, .here) } else { Money.zero }
        let relay = Relay(
            path: path, size: input.artifact.size, cost: price.perGigabyte(for: moved), reason: obstacle)
        world.log("\(id): \(path) comes by way of this machine: \(obstacle)")
        report(.relayed(id, relay))
        let record = try await transfer(fetched, to: here)
        try await self.place(fetched.artifact, from: here, on: channel, at: path, of: id, report: report)
        return record
    }

    /// Makes this machine's store have what a run was launched with.
    ///
    /// - Returns: it by the digest of its contents, and how much came now.
    func fetchIfAbsent(
        _ input: StoredArtifact, from address: String
    ) async throws -> (fetched: StoredArtifact, moved: DataSize) {
        guard input.isUnread != true else { return try await read(input, from: address) }
        if try await world.store(.here).artifact(input.artifact.digest) != nil { return (input, .zero) }
        let artifact = try await world.inputs.fetch(address)
        guard artifact?.digest == input.artifact.digest else { throw Self.changed(input, address) }
        return (input, input.artifact.size)
    }

    /// Brings what nobody has read so far.
    private func read(
        _ input: StoredArtifact, from address: String
    ) async throws -> (fetched: StoredArtifact, moved: DataSize) {
        guard try await isSame(input, at: address) else { throw Self.changed(input, address) }
        var isHere = false
        if let known = try await world.inputs.identify(address) {
            isHere = try await world.store(.here).artifact(known.contents.artifact.digest) != nil
        }
        guard let artifact = try await world.inputs.fetch(address), try await isSame(input, at: address) else {
            throw Self.changed(input, address)
        }
        let fetched = StoredArtifact(
            name: input.name, entry: input.entry, artifact: artifact, location: .here, source: address)
        return (fetched, isHere ? .zero : artifact.size)
    }

    private func isSame(_ input: StoredArtifact, at address: String) async throws -> Bool {
        try await world.inputs.unread(address)?.artifact.digest == input.artifact.digest
    }

    private static func changed(_ input: StoredArtifact, _ address: String) -> AttemptFailureError {
        AttemptFailureError(
            .stage(
                message: "input '\(input.name)': \(shown(address)) is not what it was when the run was launched: "
                    + "launch it again"))
    }

    /// Nil when the node has fetched it.
    private func obstacle(
        _ input: StoredArtifact, from address: String, on channel: any NodeChannel, at path: String, of id: AttemptID
    ) async throws -> String? {
        let (fetch, digest) = (DirectFetch(world, held, of: id), input.artifact.digest)
        do {
            if input.isUnread == true {
                if let unread = try await world.inputs.unread(address), unread.artifact.digest == digest {
                    if let obstacle = try await fetch.bring(unread, to: path, on: channel) { return obstacle }
                    // No digest says that it is still the same: that nothing was put there meanwhile does.
                    if try await isSame(input, at: address) { return nil }
                }
            } else if let known = try await world.inputs.identify(address), known.contents.artifact.digest == digest {
                return try await fetch.bring(digest, from: known, to: path, on: channel)
            }
        } catch let error as StorageError {
            guard error != .cancelled else { throw error }
            return "\(error)"
        }
        return "\(Self.shown(address)) is not what it was when the run was launched"
    }

    /// Without what gives permission.
    private static func shown(_ address: String) -> String { ObjectURL(address).map { "\($0)" } ?? address }

    /// Where the bucket is, as far as the plan knew.
    private func location(of input: StoredArtifact, _ stage: String) -> Location? {
        stages[stage]?.inputs.first { $0.name == input.name }?.location
    }
}

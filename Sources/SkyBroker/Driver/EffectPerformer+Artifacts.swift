import FoundationEssentials
import SkyCore
import SkyProcess
import SkyProviders
import SkySpec
import SkyStorage

/// Where things are on a node, relative to its folder.
enum NodeLayout {
    static let work = "work"
    static let outputs = "outputs"
    static let checkpoint = "checkpoint"
    static let inputs = "inputs"
    static let engine = "engine"
    static func input(_ name: String) -> String { "\(inputs)/\(name)" }
    static func output(_ name: String) -> String { "\(outputs)/\(name)" }
}

extension EffectPerformer {
    /// What an earlier run made of the same recipe, if every artifact of it is still where it was.
    func lookUp(_ name: String, inputs: [StoredArtifact]) async -> RunEvent {
        guard
            let stage = stages[name],
            let key = StageKey(stage: stage, inputs: inputs, code: launch.code[name])
        else {
            let isOpen = stages[name]?.code.liveMounts.isEmpty == false
            return .lookedUp(
                stage: name, reuse: nil, why: isOpen ? RunReason.mountsBuckets : RunReason.nothingToFind)
        }
        guard let known = try? world.journal.finishedStage(under: key) else {
            return .lookedUp(stage: name, reuse: nil, why: RunReason.firstOfItsKind)
        }
        for output in known.outputs {
            guard let artifact = try? await world.store(output.location).artifact(output.artifact.digest),
                artifact.digest == output.artifact.digest
            else {
                let why = "\(known.run) did just this, and its output '\(output.name)' is no longer stored"
                return .lookedUp(stage: name, reuse: nil, why: why)
            }
        }
        return .lookedUp(stage: name, reuse: known, why: "unchanged since \(known.run)")
    }

    /// Brings inputs into the store of the nodes' location, and from there inputs and code onto every node.
    func deliver(
        _ id: AttemptID, _ group: NodeGroup, inputs: [StoredArtifact], code: StoredArtifact?,
        checkpoint: StoredArtifact?, report: @Sendable (RunEvent) -> Void
    ) async throws -> RunEvent {
        let here = group.location
        let channels = try await channels(to: group)
        let isElsewhere = channels.contains { !$0.isOnThisMachine }
        let gathered = try await gather(inputs, here, isElsewhere: isElsewhere, of: id)
        var transfers = gathered.transfers
        if let code { _ = try await transfer(code, to: here) }

        for channel in channels {
            if group.token != id.token { try await clear(channel, of: id, bringingCode: code != nil) }
            if let code {
                try await place(code.artifact, from: here, on: channel, at: NodeLayout.work, of: id, report: report)
            }
            try await makeOutputFolder(on: channel, of: id)
            if let checkpoint { try await restore(checkpoint, on: channel, at: here, of: id, report: report) }
            for input in gathered.inputs {
                let path = NodeLayout.input(input.name) + (input.entry.map { "/\($0)" } ?? "")
                do {
                    let record = try await lay(input, at: path, from: here, on: channel, of: id, report: report)
                    if let record { transfers.append(record) }
                } catch let error as StorageError where error.meansGone && input.source == nil {
                    throw AttemptFailureError(.inputsLost([sourceName(of: input, stage: id.stage)]))
                }
            }
        }
        try await deliverInsteadOfMounting(id, group, report: report)
        return .delivered(id, transfers)
    }

    /// Brings those inputs into the store of the nodes' location that nodes do not bring by themselves.
    ///
    /// - Returns: all of them, and what moved.
    private func gather(
        _ inputs: [StoredArtifact], _ here: Location, isElsewhere: Bool, of id: AttemptID
    ) async throws -> (inputs: [StoredArtifact], transfers: [TransferRecord]) {
        var (gathered, transfers, lost) = (inputs, [TransferRecord](), [String]())
        for (index, input) in inputs.enumerated()
        where !isElsewhere || (input.source == nil && carriers(of: input, to: here) == nil) {
            do {
                if let source = input.source { gathered[index] = try await fetchIfAbsent(input, from: source).fetched }
                if let record = try await transfer(gathered[index], to: here) { transfers.append(record) }
            } catch let error as StorageError where error.meansGone {
                lost.append(sourceName(of: input, stage: id.stage))
            }
        }
        guard lost.isEmpty else { throw AttemptFailureError(.inputsLost(lost)) }
        return (gathered, transfers)
    }

    /// - Returns: what moved between places that are known, of what did not have to be in the store first.
    func lay(
        _ input: StoredArtifact, at path: String, from here: Location, on channel: any NodeChannel, of id: AttemptID,
        report: @Sendable (RunEvent) -> Void
    ) async throws -> TransferRecord? {
        if !channel.isOnThisMachine, let source = input.source {
            return try await bring(input, from: source, to: here, on: channel, at: path, of: id, report: report)
        }
        if !channel.isOnThisMachine, let stores = carriers(of: input, to: here) {
            return try await carry(input, between: stores, to: here, on: channel, at: path, of: id, report: report)
        }
        try await place(input.artifact, from: here, on: channel, at: path, of: id, report: report)
        return nil
    }

    /// Puts the stage's outputs, as rank 0 wrote them, into the store of its location, and remembers the recipe.
    func collect(
        _ id: AttemptID, _ group: NodeGroup, report: @Sendable (RunEvent) -> Void
    ) async throws -> RunEvent {
        let spec = try stage(id.stage)
        var outputs: [StoredArtifact] = []
        if !spec.outputs.isEmpty {
            guard let node = group.nodes.first else { throw AttemptFailureError(.nodesLost(message: "no nodes")) }
            let here = group.location
            let channel = try await adapter(group.provider).channel(to: node, of: group)
            for output in spec.outputs {
                let artifact = try await collect(output.name, from: channel, into: here, of: id, report: report)
                outputs.append(StoredArtifact(name: output.name, artifact: artifact, location: here))
            }
        }
        return .collected(id, outputs)
    }

    /// How long stages took, once the journal has that they are done.
    func remember(_ events: [RunEvent], _ state: RunState) {
        for case .collected(let id, _) in events {
            do { try world.journal.learn(from: id, in: state, isReal: world.isReal) } catch {
                world.log("how long stage \(id.stage) took will not be learnt: \(error)")
            }
        }
    }

    func transfer(_ stored: StoredArtifact, to here: Location) async throws -> TransferRecord? {
        guard stored.location != here else { return nil }
        let report = try await ArtifactTransfer.copy(
            stored.artifact.digest, from: world.store(stored.location), to: world.store(here))
        let moved = report.moved
        let price = moved == .zero ? .zero : await world.pricePerGigabyte(stored.location, here)
        return TransferRecord(
            artifact: stored.name, from: stored.location, to: here, size: stored.artifact.size, moved: moved,
            cost: price.perGigabyte(for: moved))
    }

    /// Lays an artifact out on a node: the node fetches it itself, where it can.
    func place(
        _ artifact: Artifact, from here: Location, on channel: any NodeChannel, at path: String, of id: AttemptID,
        report: @Sendable (RunEvent) -> Void
    ) async throws {
        let (store, digest) = (world.store(here), artifact.digest)
        if channel.isOnThisMachine {
            try await store.materialize(digest, at: channel.absolutePath(path))
            return
        }
        var obstacle: String?
        if let store = store as? any GrantingStore {
            obstacle = try await DirectFetch(world, held, of: id).bring(digest, from: store, to: path, on: channel)
            guard let obstacle else { return }
            try refuseRelay(of: path, id, because: obstacle)
        }
        let staged = "\(world.folder.scratch(of: id))/\(digest.hex)"
        try await store.materialize(digest, at: staged)
        try await channel.push(from: staged, to: path)
        if let obstacle { report(await relayed(path, artifact.size, from: here, because: obstacle, of: id)) }
    }

    /// Brings a file or folder of a node into the store of its location: the node sends it itself, where it can.
    func takeIn(
        _ path: String, of channel: any NodeChannel, into here: Location, staged: String, of id: AttemptID,
        report: @Sendable (RunEvent) -> Void
    ) async throws -> Artifact {
        let store = world.store(here)
        var obstacle: String?
        if let store = store as? any GrantingStore {
            switch try await DirectUpload(world, held, of: id).send(path, on: channel, to: store) {
            case .stored(let artifact): return artifact
            case .obstacle(let reason):
                try refuseRelay(of: path, id, because: reason)
                obstacle = reason
            }
        }
        try await channel.pull(from: path, to: staged)
        let artifact = try await store.put(path: staged)
        if let obstacle { report(await relayed(path, artifact.size, from: here, because: obstacle, of: id)) }
        return artifact
    }

    /// Nothing of the stage that had the node before is to be seen by this one.
    ///
    /// - Parameter bringingCode: the working directory is about to be replaced by this stage's own.
    private func clear(_ channel: any NodeChannel, of id: AttemptID, bringingCode: Bool) async throws {
        for folder in [
            NodeLayout.work, NodeLayout.inputs, NodeLayout.outputs, NodeLayout.checkpoint, NodeLayout.engine,
        ] {
            // What is the same in both need not travel again: most stages of a pipeline share their code.
            if folder == NodeLayout.work, bringingCode, !channel.isOnThisMachine { continue }
            if channel.isOnThisMachine {
                let path = channel.absolutePath(folder)
                if !Files.names(in: path).isEmpty { try FileManager.default.removeItem(atPath: path) }
            } else if try await channel.exists(folder) {
                let empty = "\(world.folder.scratch(of: id))/empty"
                try Files.makeFolder(empty)
                try await channel.push(from: empty, to: folder)
            }
        }
    }

    /// Commands write into a folder that is there.
    private func makeOutputFolder(on channel: any NodeChannel, of id: AttemptID) async throws {
        if channel.isOnThisMachine { return try Files.makeFolder(channel.absolutePath(NodeLayout.outputs)) }
        guard try await !channel.exists(NodeLayout.outputs) else { return }
        let empty = "\(world.folder.scratch(of: id))/outputs"
        try Files.makeFolder(empty)
        try await channel.push(from: empty, to: NodeLayout.outputs)
    }

    private func collect(
        _ name: String, from channel: any NodeChannel, into here: Location, of id: AttemptID,
        report: @Sendable (RunEvent) -> Void
    ) async throws -> Artifact {
        let path = NodeLayout.output(name)
        guard try await channel.exists(path) else {
            let variable = "SKY_OUTPUT_\(name.uppercased())"
            throw AttemptFailureError(
                .stage(
                    message: "output '\(name)' was not written: the command must write a file or folder to $\(variable)"
                ))
        }
        if channel.isOnThisMachine { return try await world.store(here).put(path: channel.absolutePath(path)) }
        let staged = "\(world.folder.scratch(of: id))/output-\(name)"
        return try await takeIn(path, of: channel, into: here, staged: staged, of: id, report: report)
    }

    /// `preprocess.clean` for an input that a stage makes; the input's own name otherwise.
    private func sourceName(of input: StoredArtifact, stage name: String) -> String {
        let inputs = stages[name]?.inputs ?? []
        let source = inputs.first { $0.name == input.name && $0.entry == input.entry }?.source
        guard case .output(let maker, let artifact) = source else { return input.name }
        return "\(maker).\(artifact)"
    }
}

extension StorageError {
    /// The artifact has to be made again; anything else may pass.
    var meansGone: Bool {
        switch self {
        case .missing, .corrupt: true
        default: false
        }
    }
}

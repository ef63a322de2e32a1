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
        else { return .lookedUp(stage: name, reuse: nil, why: RunReason.nothingToFind) }
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
        checkpoint: StoredArtifact?
    ) async throws -> RunEvent {
        let here = Location(provider: group.provider, region: group.region)
        var transfers: [TransferRecord] = []
        var lost: [String] = []
        for input in inputs {
            do {
                if let record = try await transfer(input, to: here) { transfers.append(record) }
            } catch let error as StorageError where error.meansGone {
                lost.append(sourceName(of: input, stage: id.stage))
            }
        }
        if let code { _ = try await transfer(code, to: here) }
        guard lost.isEmpty else { throw AttemptFailureError(.inputsLost(lost)) }

        let store = world.store(here)
        for node in group.nodes {
            let channel = try await adapter(group.provider).channel(to: node, of: group)
            if group.token != id.token { try await clear(channel, of: id, bringingCode: code != nil) }
            if let code {
                try await place(code.artifact.digest, from: store, on: channel, at: NodeLayout.work, of: id)
            }
            try await makeOutputFolder(on: channel, of: id)
            if let checkpoint { try await restore(checkpoint, on: channel, at: here, of: id) }
            for input in inputs {
                let path = NodeLayout.input(input.name) + (input.entry.map { "/\($0)" } ?? "")
                try await place(input.artifact.digest, from: store, on: channel, at: path, of: id)
            }
        }
        return .delivered(id, transfers)
    }

    /// Puts the stage's outputs, as rank 0 wrote them, into the store of its location, and remembers the recipe.
    func collect(_ id: AttemptID, _ group: NodeGroup) async throws -> RunEvent {
        let spec = try stage(id.stage)
        var outputs: [StoredArtifact] = []
        if !spec.outputs.isEmpty {
            guard let node = group.nodes.first else { throw AttemptFailureError(.nodesLost(message: "no nodes")) }
            let here = Location(provider: group.provider, region: group.region)
            let channel = try await adapter(group.provider).channel(to: node, of: group)
            for output in spec.outputs {
                let artifact = try await collect(output.name, from: channel, into: world.store(here), of: id)
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

    func place(
        _ digest: ArtifactDigest, from store: any ArtifactStore, on channel: any NodeChannel, at path: String,
        of id: AttemptID
    ) async throws {
        if channel.isOnThisMachine {
            try await store.materialize(digest, at: channel.absolutePath(path))
        } else {
            let staged = "\(world.folder.scratch(of: id))/\(digest.hex)"
            try await store.materialize(digest, at: staged)
            try await channel.push(from: staged, to: path)
        }
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
        _ name: String, from channel: any NodeChannel, into store: any ArtifactStore, of id: AttemptID
    ) async throws -> Artifact {
        let path = NodeLayout.output(name)
        guard try await channel.exists(path) else {
            let variable = "SKY_OUTPUT_\(name.uppercased())"
            throw AttemptFailureError(
                .stage(
                    message: "output '\(name)' was not written: the command must write a file or folder to $\(variable)"
                ))
        }
        if channel.isOnThisMachine { return try await store.put(path: channel.absolutePath(path)) }
        let staged = "\(world.folder.scratch(of: id))/output-\(name)"
        try await channel.pull(from: path, to: staged)
        return try await store.put(path: staged)
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

import SkySpec

/// What programs of `torchrun` and MPI look for: who they are and where to meet.
struct GangVariables {
    let engine: StageEngine
    let node: EngineNode

    var variables: [String: String] {
        let count = String(node.addresses.count)
        var all = [
            "MASTER_ADDR": node.addresses.first ?? "", "MASTER_PORT": port, "WORLD_SIZE": count,
            "RANK": String(node.rank), "NODE_RANK": String(node.rank),
        ]
        switch engine.name {
        case .torchrun: all.merge(torchrun) { _, own in own }
        case .mpi: all.merge(mpi) { _, own in own }
        case .ray, .spark: break
        }
        return all
    }

    /// Shell to run before the command.
    var preparation: String {
        guard engine.name == .mpi else { return "" }
        let nodes = node.addresses.map(Shell.quoted).joined(separator: " ")
        return """
            mkdir -p "$SKY_ENGINE_DIR" &&
            printf '%s slots=\(processes)\\n' \(nodes) > "$SKY_HOSTFILE" &&
            printf '%s:\(processes)\\n' \(nodes) > "$HYDRA_HOST_FILE" || exit 1

            """
    }

    /// What `torchrun` takes for its options where none are given, so that `torchrun train.py` is enough.
    private var torchrun: [String: String] {
        [
            "PET_NNODES": String(node.addresses.count), "PET_NODE_RANK": String(node.rank),
            "PET_NPROC_PER_NODE": String(processes), "PET_MASTER_ADDR": node.addresses.first ?? "",
            "PET_MASTER_PORT": port,
        ]
    }

    /// Open MPI's form of a host file, under the names by which its versions find it, and that of MPICH and Intel MPI.
    private var mpi: [String: String] {
        let file = "\(node.folder)/hostfile"
        return [
            "SKY_HOSTFILE": file, "OMPI_MCA_orte_default_hostfile": file, "PRTE_MCA_prte_default_hostfile": file,
            "HYDRA_HOST_FILE": "\(node.folder)/hosts.hydra",
        ]
    }

    private var processes: Int { engine.options.processes ?? max(1, node.acceleratorsPerNode) }

    /// Where there is no say, one that differs between attempts, as several may have nodes on one machine; below those that
    /// systems lend to outgoing connections.
    private var port: String {
        if let port = engine.options.port { return String(port) }
        // FNV-1a: spreads well, and is the same on all nodes and in all versions.
        let mixed = node.secret.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(20_000 + mixed % 12_000)
    }
}

enum Shell {
    /// One word for a shell, whatever is in it.
    static func quoted(_ text: String) -> String {
        let parts = text.split(separator: "'", omittingEmptySubsequences: false)
        return "'\(parts.joined(separator: "'\\''"))'"
    }
}

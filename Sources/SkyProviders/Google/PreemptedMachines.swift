import SkyCore

/// Machines that Google has taken, or is about to, as its operations tell of them.
struct PreemptedMachines {
    let group: MachineGroupName
    let names: GoogleNames
    let taken: [Compute.Operation]
    let now: Instant

    /// How long a spot machine runs on after it was told.
    private static let notice = TimeSpan.seconds(30)

    /// The machines that are still listed, and those that no longer are.
    func merged(with found: [CloudMachine]) -> [CloudMachine] {
        var machines = found
        for operation in taken {
            let name = ComputeEngine.last(operation.targetLink ?? "")
            guard let rank = names.rank(of: name) else { continue }
            let moment = operation.insertTime.flatMap { Instant(iso8601: $0) }
            let reason = "Google needed the capacity of this spot machine"
            if let index = machines.firstIndex(where: { $0.id == name }) {
                guard machines[index].state == .ending else { continue }
                machines[index].reason = reason
                machines[index].failure = .noCapacity
                if let moment, now < moment + Self.notice {
                    // It has that long to save what it has.
                    machines[index].state = .running
                    machines[index].interruptionAt = moment + Self.notice
                }
            } else if let run = found.first?.run ?? RunID("unknown") {
                machines.append(
                    CloudMachine(
                        id: name, token: group.token, run: run, rank: rank,
                        numNodes: found.first?.numNodes ?? taken.count, state: .ended,
                        region: group.region ?? ComputeEngine.region(of: group.zone ?? ""), zone: group.zone,
                        instanceType: found.first?.instanceType ?? "", isSpot: true, createdAt: moment, reason: reason,
                        failure: .noCapacity))
            }
        }
        return machines.sorted { $0.rank < $1.rank }
    }
}

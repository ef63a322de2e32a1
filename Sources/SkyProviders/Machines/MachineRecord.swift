import SkyCore

/// What is known here of a group of a cloud's machines, written down before anything of it is done.
struct MachineRecord: StoredGroup {
    static let currentVersion = 1

    struct Member: Hashable, Sendable, Codable {
        var machine: CloudMachine
        /// The node's folder there; nil while nobody has said that it is there.
        var directory: String?
    }

    var version = Self.currentVersion
    var request: NodeGroupRequest
    /// `lost` from the moment that the end of the group is decided: there is no way back.
    var state = NodeGroup.State.pending
    var createdAt: Instant
    /// The cloud has accepted the order.
    var isOrdered = false
    /// When its machines were started last, after they had been stopped; nil of a group that never was.
    var startedAt: Instant?
    /// Since when they are stopped; nil while they are not.
    var stoppedAt: Instant?
    /// By rank; empty while not all of them run.
    var members: [Member] = []

    init(_ request: NodeGroupRequest) {
        self.request = request
        createdAt = SystemScriptClock().now()
    }

    /// There may be more machines than were asked for: a slice of TPUs is one thing to rent, and has many hosts.
    var isSound: Bool { members.isEmpty || members.count >= request.numNodes }

    /// When its machines ran last: until `now` where they still do.
    func ran(until now: Instant) -> HeldSpan { HeldSpan(since: startedAt ?? createdAt, until: stoppedAt ?? now) }

    var name: MachineGroupName {
        MachineGroupName(
            token: request.token, region: request.region, zone: request.zone, run: request.run)
    }

    func group(of provider: String) -> NodeGroup {
        var group = NodeGroup(
            token: request.token, run: request.run, provider: provider, region: request.region,
            instanceType: request.instanceType, state: state, createdAt: createdAt,
            nodes: members.map { $0.machine.node(servicePort: request.servicePort) })
        // Said of the group only if it is said of each of them.
        let assurances = Set(members.map(\.machine.assurance))
        group.assurance = assurances.count == 1 ? assurances.first ?? nil : nil
        return group
    }
}

extension CloudMachine {
    func node(servicePort: Int?) -> Node {
        Node(
            id: id, rank: rank, address: privateAddress ?? publicAddress ?? "", publicAddress: publicAddress,
            endpointPort: rank == 0 ? servicePort.map { ports[$0] ?? $0 } : nil)
    }
}

/// What a cloud tells of one group's machines, as a whole.
struct MachineSurvey {
    let machines: [CloudMachine]
    let wanted: Int

    /// By rank; the one that lives, where a rank has had two.
    init(_ machines: [CloudMachine], wanted: Int) {
        self.wanted = max(wanted, machines.map(\.numNodes).max() ?? 0)
        var byRank: [Int: CloudMachine] = [:]
        for machine in machines {
            if let known = byRank[machine.rank], known.isAlive || !machine.isAlive { continue }
            byRank[machine.rank] = machine
        }
        self.machines = byRank.values.sorted { $0.rank < $1.rank }
    }

    /// One that will not run any more.
    var ended: CloudMachine? { machines.first { !$0.isAlive } }
    /// All of them are there, and none runs.
    var isStopped: Bool { machines.count == wanted && machines.allSatisfy { $0.state == .stopped } }
    var isWhole: Bool { machines.count == wanted && machines.allSatisfy { $0.state == .running } }
    var interruptionAt: Instant? { machines.compactMap(\.interruptionAt).min() }

    /// The group that machines nobody knows here belong to.
    func group(of provider: String) -> NodeGroup? {
        guard let first = machines.first, machines.contains(where: \.isAlive) || isStopped else { return nil }
        var group = NodeGroup(
            token: first.token, run: first.run, provider: provider, region: first.region,
            instanceType: first.instanceType,
            state: isStopped ? .stopped : ended != nil ? .lost : isWhole ? .running : .pending,
            interruptionAt: interruptionAt, createdAt: machines.compactMap(\.createdAt).min(),
            nodes: machines.map { $0.node(servicePort: nil) })
        group.reason = ended?.reason
        return group
    }
}

extension CloudMachine {
    var isAlive: Bool { state == .pending || state == .running }

    /// For people: `us-east-1/i-0abc`.
    var title: String { "\(region)/\(id)" }

    /// As a word that OpenSSH and file names take.
    var alias: String {
        let safe = id.unicodeScalars.map {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "-"
                ? String($0) : "-"
        }
        return "sky-\(safe.joined())"
    }
}

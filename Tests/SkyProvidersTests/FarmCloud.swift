import SkyCore
import SkyProcess
import SkyTestSupport

@testable import SkyProviders

/// A cloud whose machines are the hosts of a farm. It forgets nothing, and does what it is told to wrongly.
actor FarmCloud: MachineCloud {
    nonisolated let provider = "farm"
    nonisolated let loginUser = "root"

    private let farm: SSHFarm
    private var hosts: [SSHFarm.Host] { farm.hosts }
    private var machines: [CloudMachine] = []
    private var looksUntilRunning: [String: Int] = [:]
    private var refused: Set<String> = []

    /// How often a machine is looked at before it runs.
    var bootLooks = 2
    /// The next orders fail with these.
    var failures: [ProviderError] = []
    /// Whether what fails is made all the same.
    var failsAfterMaking = false
    /// Whose keys are told: those of another host, if one is named.
    var impostor: String?
    private(set) var orders = 0

    init(_ farm: SSHFarm) { self.farm = farm }

    func set(_ change: @Sendable (isolated FarmCloud) -> Void) { change(self) }

    var alive: [CloudMachine] { machines.filter { $0.state != .ended } }

    nonisolated func check(_ request: NodeGroupRequest) throws(ProviderError) {
        guard request.numNodes > 100 else { return }
        throw ProviderError(.quota, provider: provider, "the farm is smaller")
    }

    func create(_ order: MachineOrder) async throws(ProviderError) {
        orders += 1
        let failure = failures.isEmpty ? nil : failures.removeFirst()
        if let failure, !failsAfterMaking { throw failure }
        // As a cloud with tokens does: what was ended under one does not come back.
        if !machines.contains(where: { $0.token == order.request.token }) {
            for rank in 0..<order.request.numNodes { try make(rank, order) }
        }
        if let failure { throw failure }
    }

    private func make(_ rank: Int, _ order: MachineOrder) throws(ProviderError) {
        let used = alive.map(\.id)
        guard let host = hosts.first(where: { host in !used.contains { $0.hasPrefix("\(host.name)-") } }) else {
            throw ProviderError(.noCapacity, provider: provider, "no host is left")
        }
        let request = order.request
        machines.append(
            CloudMachine(
                id: "\(host.name)-\(orders)", token: request.token, run: request.run, rank: rank,
                numNodes: request.numNodes, state: .pending, region: request.region,
                instanceType: request.instanceType, publicAddress: host.address, sshPort: host.port))
    }

    func machines(of group: MachineGroupName) async throws(ProviderError) -> [CloudMachine] {
        for index in machines.indices where machines[index].token == group.token && machines[index].state == .pending {
            looksUntilRunning[machines[index].id, default: bootLooks] -= 1
            if looksUntilRunning[machines[index].id, default: 0] <= 0 { machines[index].state = .running }
        }
        return machines.filter { $0.token == group.token }
    }

    func machines(ofRun run: RunID?) async throws(ProviderError) -> [CloudMachine] {
        alive.filter { run == nil || $0.run == run }
    }

    func remove(_ group: MachineGroupName) async throws(ProviderError) -> Bool {
        var isGone = true
        for index in machines.indices where machines[index].token == group.token && machines[index].state != .ended {
            // Told once, gone at the second look.
            guard machines[index].state == .ending else {
                machines[index].state = .ending
                isGone = false
                continue
            }
            machines[index].state = .ended
            wipe(machines[index])
        }
        return isGone
    }

    private func wipe(_ machine: CloudMachine) {
        guard let host = hosts.first(where: { machine.id.hasPrefix("\($0.name)-") }) else { return }
        try? farm.wipe(host)
    }

    /// What the provider does by itself.
    func take(_ id: String, because reason: String, failure: ProviderError.Kind? = nil) {
        for index in machines.indices where machines[index].id == id {
            machines[index].state = .ended
            machines[index].reason = reason
            machines[index].failure = failure
        }
    }

    func announce(_ id: String, at moment: Instant) {
        for index in machines.indices where machines[index].id == id { machines[index].interruptionAt = moment }
    }

    func hostKeys(of machine: CloudMachine) async throws(ProviderError) -> HostKeys {
        let name = impostor ?? String(machine.id.prefix { $0 != "-" })
        guard let host = hosts.first(where: { $0.name == name }),
            let bytes = (try? Files.read("\(host.folder)/key.pub")) ?? nil
        else { return .notYet }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ").prefix(2)
        return .told([words.joined(separator: " ")])
    }
}

/// The adapter on top of such a cloud.
struct MachinesUnderTest {
    let farm: SSHFarm
    let cloud: FarmCloud
    let state: String

    static func use<Result>(_ hosts: Int, _ body: (MachinesUnderTest) async throws -> Result) async throws -> Result {
        try await SSHFarm.use(hosts) { farm in
            for folder in ["\(farm.folder)/state", "\(farm.folder)/run"] { try Files.makeFolder(folder, mode: 0o700) }
            return try await body(
                MachinesUnderTest(farm: farm, cloud: FarmCloud(farm), state: "\(farm.folder)/state"))
        }
    }

    /// Another `broker` knows nothing of what the first has written down.
    func adapter(broker: String = "a", change: (inout CloudSection) -> Void = { _ in }) throws -> MachineAdapter {
        var section = CloudSection(name: "farm")
        section.sshKey = "\(farm.folder)/id"
        // These machines are this one.
        section.powerOff = "touch '\(farm.folder)/powered-off'"
        change(&section)
        return try MachineAdapter(
            cloud, settings: section, stateDirectory: "\(state)/\(broker)",
            agentExecutable: AdapterUnderTest.agentExecutable(),
            environment: ["XDG_RUNTIME_DIR": "\(farm.folder)/run"], patience: .seconds(20))
    }

    func request(_ token: String, nodes: Int = 1, lease: TimeSpan? = .hour) throws -> NodeGroupRequest {
        guard let run = RunID("run-abcd") else { throw SystemError("name a run", code: 0) }
        return NodeGroupRequest(
            token: token, run: run, region: "here", instanceType: "small", numNodes: nodes, lease: lease)
    }
}

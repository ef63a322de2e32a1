import SkyProcess
import SkyRuntime

/// The way to the agent on a cloud's machine. When the machine does not answer, its cloud is asked what has become of it.
struct MachineSession: AgentPlace {
    let host: SSHHostSession
    let machine: CloudMachine
    let cloud: any MachineCloud

    var title: String { machine.title }
    var way: any ShellWay { host.connection }
    var relayOptions: String { host.relayOptions }

    func agentCommand(_ arguments: String, hasTerminal: Bool) async throws(SSHFailure) -> String {
        try await host.agentCommand(arguments, hasTerminal: hasTerminal)
    }

    func exists(_ path: String, in directory: String) async throws(SSHFailure) -> Bool {
        try await host.exists(path, in: directory)
    }

    func forward(port: Int, for directory: String) async throws(SSHFailure) -> Int? {
        try await host.forward(port: port, for: directory)
    }

    func meaning(of failure: SSHFailure) async -> SSHFailure {
        let name = MachineGroupName(
            token: machine.token, region: machine.region, zone: machine.zone, run: machine.run)
        guard let machines = try? await cloud.machines(of: name) else { return failure }
        let now = machines.first { $0.id == machine.id }
        if now?.isAlive == true { return failure }
        return .host(HostFailure(.lost, "the machine is gone: \(now?.reason ?? "its cloud knows nothing of it")"))
    }

    func providerError(_ failure: SSHFailure, _ provider: String) -> ProviderError {
        host.providerError(failure, provider)
    }
}

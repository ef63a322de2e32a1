import FoundationEssentials
import Glibc
import SkyAzure
import SkyCore
import SkyHTTP
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

/// Azure's adapter on the emulator, whose machines are the hosts of a farm.
struct AzureUnderTest: Sendable {
    let farm: SSHFarm
    let emulator: AzureEmulator
    private let client = HTTPClient()

    static func use<Result>(
        _ hosts: Int, timing: AzureEmulator.Timing = .init(), _ body: (AzureUnderTest) async throws -> Result
    ) async throws -> Result {
        try await SSHFarm.use(hosts) { farm in
            for folder in ["\(farm.folder)/state", "\(farm.folder)/run"] { try Files.makeFolder(folder, mode: 0o700) }
            return try await body(
                AzureUnderTest(farm: farm, emulator: try await AzureEmulator(on: farm, timing: timing)))
        }
    }

    func section(_ change: (inout CloudSection) -> Void = { _ in }) -> CloudSection {
        var section = CloudSection(name: "azure")
        section.endpoint = emulator.url
        section.sshConfig = emulator.sshConfig
        section.sshKey = "\(farm.folder)/id"
        // These machines are this one, and know only its user.
        section.user = getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) }
        section.powerOff = "touch '\(farm.folder)/powered-off'"
        change(&section)
        return section
    }

    func cloud(_ change: (inout CloudSection) -> Void = { _ in }) throws -> AzureCloud {
        let access = CloudAccess(
            settings: CloudSettings(sections: ["azure": section(change)]), providers: shippedProviders,
            cache: "\(farm.folder)/cache",
            environment: AzureEmulator.principal.merging(
                ["HOME": farm.folder, "AZURE_AUTHORITY_HOST": emulator.url]) { $1 },
            now: { SystemScriptClock().now() })
        return try #require(
            try access.cloud(of: AdapterProfile(name: "azure", adapter: "azure-vm"), notes: "/nonexistent")
                as? AzureCloud)
    }

    /// Another `broker` knows nothing of what the first has written down.
    func adapter(broker: String = "a", _ change: (inout CloudSection) -> Void = { _ in }) throws -> MachineAdapter {
        try MachineAdapter(
            cloud(change), settings: section(change), stateDirectory: "\(farm.folder)/state/\(broker)",
            agentExecutable: AdapterUnderTest.agentExecutable(),
            environment: ["XDG_RUNTIME_DIR": "\(farm.folder)/run"], patience: .seconds(20))
    }

    func request(
        _ token: String, _ type: String = "Standard_D2s_v3", nodes: Int = 1, run: String = "run-abcd",
        _ change: (inout NodeGroupRequest) -> Void = { _ in }
    ) throws -> NodeGroupRequest {
        var request = NodeGroupRequest(
            token: token, run: try #require(RunID(run)), region: "eastus", instanceType: type, numNodes: nodes,
            lease: .hour)
        change(&request)
        return request
    }

    func order(
        _ request: NodeGroupRequest, _ change: (inout CloudSection) -> Void = { _ in }
    ) throws -> MachineOrder {
        MachineOrder(request: request, publicKey: "ssh-ed25519 AAAA test", settings: section(change))
    }

    func name(_ request: NodeGroupRequest) -> MachineGroupName {
        MachineGroupName(token: request.token, region: request.region, zone: request.zone, run: request.run)
    }

    /// The machines once each of them has come up or failed.
    func settled(_ request: NodeGroupRequest, _ cloud: AzureCloud) async throws -> [CloudMachine] {
        while true {
            let machines = try await cloud.machines(of: name(request))
            if !machines.isEmpty, machines.allSatisfy({ $0.state != .pending }) { return machines }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Tells the emulator something, or only looks into it.
    @discardableResult
    func control(_ wish: String = "") async throws -> AzureEmulator.Insides {
        let answer = try await client.send(
            HTTPRequest(
                wish.isEmpty ? .get : .post, "\(emulator.url)/_control",
                body: wish.isEmpty ? nil : .bytes(Array(wish.utf8))))
        return try JSONDecoder().decode(AzureEmulator.Insides.self, from: Data(answer.body))
    }

    /// Gives everything of a token back, as whoever knows nothing else.
    func remove(_ token: String, _ cloud: AzureCloud) async throws {
        while try await !cloud.remove(MachineGroupName(token: token)) { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Lets `body` die in its n-th call, for all of its calls, and has `then` look each time at what is left.
    ///
    /// - Parameter prepare: what is done each time before calls are counted.
    func killedEverywhere(
        _ moment: DyingInCalls.Moment, prepare: (_ name: String) async throws -> Void = { _ in },
        _ body: @escaping @Sendable (_ name: String) async throws -> Void,
        then: (_ name: String) async throws -> Void
    ) async throws -> Int {
        try await DyingInCalls(
            hang: { number, moment in try await control(#"{"hang": \#(number), "when": "\#(moment)"}"#) },
            isHanging: { try await control().hanging }
        ).everywhere(moment, prepare: prepare, body, then: then)
    }
}

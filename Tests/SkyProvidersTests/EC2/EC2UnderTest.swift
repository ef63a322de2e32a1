import Glibc
import SkyAWS
import SkyCore
import SkyHTTP
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

/// Tests that share one moto take turns.
@Suite(
    "EC2", .serialized, .timeLimit(.minutes(15)),
    .enabled(if: LoopbackMoto.canRun, Comment(rawValue: LoopbackMoto.obstacle ?? "")))
struct EC2Suite {}

/// EC2 as moto plays it, with nothing rented.
struct EC2UnderTest: Sendable {
    let moto: LoopbackMoto

    static let providers = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/") + "/providers"

    static func use<Result>(_ body: (EC2UnderTest) async throws -> Result) async throws -> Result {
        let moto = try await LoopbackMoto.shared()
        try moto.reset()
        let result = try await body(EC2UnderTest(moto: moto))
        #expect(try moto.invalidRequests() == [])
        return result
    }

    func settings(_ change: (inout CloudSection) -> Void = { _ in }) -> CloudSection {
        var section = CloudSection(name: "aws")
        section.endpoint = moto.url
        section.regions = ["us-east-1"]
        change(&section)
        return section
    }

    func cloud(_ settings: CloudSection? = nil, pageSize: Int = 1000) throws -> EC2Cloud {
        let surroundings = AWSSurroundings(
            environment: moto.environment, caller: HTTPCaller(), now: { SystemScriptClock().now() })
        return EC2Cloud(
            provider: "aws", settings: settings ?? self.settings(), identity: try AWSSettings(in: surroundings),
            errors: try ErrorTable.read("aws", in: Self.providers),
            quotas: EC2QuotaTable("aws", in: Self.providers), pageSize: pageSize)
    }

    func order(_ request: NodeGroupRequest, _ settings: CloudSection? = nil) -> MachineOrder {
        MachineOrder(
            request: request, publicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZha2U sky",
            settings: settings ?? self.settings())
    }

    func group(_ token: String) -> MachineGroupName { MachineGroupName(token: token, region: "us-east-1") }

    /// Gives back until nothing is left.
    func remove(_ token: String, _ cloud: EC2Cloud) async throws {
        for _ in 0..<100 {
            if try await cloud.remove(group(token)) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("\(token) is never gone")
    }

    /// Only the calls that change something.
    func changes() throws -> [String] { try moto.calls().map(\.action).filter { !$0.hasPrefix("Describe") } }
}

/// The machines of a cloud, with the agent on each: sshds of this machine stand for them.
struct EC2WithMachines: Sendable {
    let world: EC2UnderTest
    let farm: SSHFarm
    let state: String

    static func use<Result>(_ hosts: Int, _ body: (EC2WithMachines) async throws -> Result) async throws -> Result {
        try await EC2UnderTest.use { world in
            try await SSHFarm.use(hosts) { farm in
                try Files.makeFolder("\(farm.folder)/run", mode: 0o700)
                try world.moto.stand(farm.hosts)
                let under = EC2WithMachines(world: world, farm: farm, state: "\(farm.folder)/state")
                do {
                    let result = try await body(under)
                    try world.moto.reset()
                    return result
                } catch {
                    try world.moto.reset()
                    throw error
                }
            }
        }
    }

    func settings() throws -> CloudSection {
        let config = try world.moto.sshConfig(in: farm.folder)
        return world.settings { section in
            section.sshConfig = config
            section.sshKey = "\(farm.folder)/id"
            section.user = String(cString: getpwuid(getuid()).pointee.pw_name)
            section.powerOff = world.moto.powerOff
        }
    }

    /// Another `broker` knows nothing of what the first has written down.
    func adapter(broker: String = "a") throws -> MachineAdapter {
        let settings = try settings()
        return try MachineAdapter(
            world.cloud(settings), settings: settings, stateDirectory: "\(state)/\(broker)",
            agentExecutable: AdapterUnderTest.agentExecutable(),
            environment: ["XDG_RUNTIME_DIR": "\(farm.folder)/run"], patience: .seconds(20))
    }
}

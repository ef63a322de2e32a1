import Glibc
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Microsoft Azure on loopback, written from its REST reference (`Emulators/azure`), whose machines are hosts of a farm.
///
/// It ends with this value, or with the process of the tests.
public final class AzureEmulator: HoldingCloud {
    public static let subscription = "11111111-2222-3333-4444-555555555555"
    /// A service principal that it takes.
    public static let principal = [
        "AZURE_TENANT_ID": "99999999-8888-7777-6666-555555555555", "AZURE_CLIENT_ID": "sky-test",
        "AZURE_CLIENT_SECRET": "client-SECRET",
    ]

    public var url: String { process.url }
    /// A configuration of OpenSSH that leads to the machines at the addresses that the API tells.
    public let sshConfig: String
    private let process: EmulatorProcess

    public func held(_ wish: HeldCall? = nil) throws -> HeldCalls { try process.held(wish) }

    /// One thing that happens, in JSON: see `azure-emulator.py`.
    public func tell(_ json: String) throws { try process.tell(json) }

    public func insides() throws -> Insides { try process.insides(Insides.self) }

    public struct Timing: Encodable, Sendable {
        /// Seconds that machines take to come up, operations to be done, things to go, and a machine's log to have its keys.
        public var boot = 0.15
        public var operation = 0.03
        public var end = 0.1
        public var keys = 0.0
        /// How many things a list has at once.
        public var page = 40

        public init() {}
    }

    private struct Configuration: Encodable {
        let hosts: [EmulatedHost]
        let boot: Double
        let operation: Double
        let end: Double
        let keys: Double
        let page: Int
    }

    /// What it looks like inside.
    public struct Insides: Decodable, Sendable {
        public let groups: [String]
        public let machines: [String]
        /// Everything there is, as `virtualMachines/NAME`.
        public let things: [String]
        /// How many machines were ever made.
        public let made: Int
        /// All calls, as `GET /path`.
        public let calls: [String]
        /// A call is held that will not be answered.
        public let hanging: Bool
    }

    public init(on farm: SSHFarm, timing: Timing = Timing()) async throws {
        let folder = "\(farm.folder)/azure-\(UInt32.random(in: 0 ... .max))"
        try Files.makeFolder(folder, mode: 0o700)
        let (hosts, config) = try EmulatedHost.all(of: farm)
        sshConfig = "\(folder)/ssh_config"
        try Files.put(sshConfig, Array(config.utf8))
        process = try await EmulatorProcess(
            "azure/azure-emulator.py",
            configuration: Configuration(
                hosts: hosts, boot: timing.boot, operation: timing.operation, end: timing.end, keys: timing.keys,
                page: timing.page),
            in: folder)
    }
}

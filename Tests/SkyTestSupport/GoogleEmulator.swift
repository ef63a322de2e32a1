import Glibc
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Google Cloud on loopback, written from its documents (`Emulators/google`), whose machines are hosts of a farm.
///
/// It ends with this value, or with the process of the tests.
public final class GoogleEmulator: HoldingCloud {
    public static let project = "test-project"
    /// A login that it takes, in gcloud's form.
    public static let login = """
        {"type": "authorized_user", "client_id": "sky-test", "client_secret": "client-SECRET", "refresh_token": "good-refresh"}
        """

    public var url: String { process.url }
    /// A configuration of OpenSSH that leads to the machines at the addresses that the API tells.
    public let sshConfig: String
    private let process: EmulatorProcess

    public func held(_ wish: HeldCall? = nil) throws -> HeldCalls { try process.held(wish) }

    public func insides() throws -> Insides { try process.insides(Insides.self) }

    private struct Configuration: Encodable {
        let hosts: [EmulatedHost]
        let boot: Double
        let operation: Double
        let end: Double
    }

    /// What it looks like inside.
    public struct Insides: Decodable, Sendable {
        /// Names of the machines that are there.
        public let instances: [String]
        /// Names of the queued resources, and of their nodes.
        public let pods: [String]
        public let nodes: [String]
        public let firewalls: [String]
        /// How many machines were ever made.
        public let made: Int
        /// All calls, as `GET /path`.
        public let calls: [String]
        /// A call is held that will not be answered.
        public let hanging: Bool
    }

    /// - Parameter boot, operation, end: how many seconds machines take to come up, operations to be done and machines to go.
    public init(on farm: SSHFarm, boot: Double = 0.15, operation: Double = 0.05, end: Double = 0.1) async throws {
        let folder = "\(farm.folder)/google-\(UInt32.random(in: 0 ... .max))"
        try Files.makeFolder(folder, mode: 0o700)
        let (hosts, config) = try EmulatedHost.all(of: farm)
        sshConfig = "\(folder)/ssh_config"
        try Files.put(sshConfig, Array(config.utf8))
        process = try await EmulatorProcess(
            "google/google-emulator.py",
            configuration: Configuration(hosts: hosts, boot: boot, operation: operation, end: end),
            in: folder)
    }
}

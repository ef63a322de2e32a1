import Glibc
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A small cloud's API on loopback, written from its documents (`Emulators/gpu_clouds.py`), whose machines are hosts of a farm.
///
/// It ends with this value, or with the process of the tests.
public final class EmulatedCloud: HoldingCloud {
    public var url: String { process.url }
    /// A configuration of OpenSSH that leads to the machines at the addresses that the API tells.
    public let sshConfig: String
    private let process: EmulatorProcess

    public func held(_ wish: HeldCall? = nil) throws -> HeldCalls { try process.held(wish) }

    public func insides() throws -> Insides { try process.insides(Insides.self) }

    private struct Configuration: Encodable {
        let hosts: [EmulatedHost]
        let boot: Double
        let end: Double
        let page: Int
    }

    /// What the API's insides look like.
    public struct Insides: Decodable, Sendable {
        /// Ids of machines that cost money.
        public let rented: [String]
        /// How many were ever made.
        public let made: Int
        /// All calls, as `POST /instances`.
        public let log: [String]
        public let keys: Int
    }

    /// - Parameters:
    ///   - cloud: `lambda`, `runpod`, `hyperstack` or `verda`.
    ///   - tellsPorts: machines are told of by their real addresses and ports, and need no configuration of OpenSSH.
    ///   - boot, end: how many seconds machines take to come up and to go.
    ///   - page: how many a list has at once.
    public init(
        _ cloud: String, on farm: SSHFarm, tellsPorts: Bool = false, boot: Double = 0.2, end: Double = 0.2,
        page: Int = 1000
    ) async throws {
        let folder = "\(farm.folder)/cloud-\(UInt32.random(in: 0 ... .max))"
        try Files.makeFolder(folder, mode: 0o700)
        let (hosts, config) = try EmulatedHost.all(of: farm, isReal: tellsPorts)
        sshConfig = "\(folder)/ssh_config"
        try Files.put(sshConfig, Array(config.utf8))
        process = try await EmulatorProcess(
            "gpu_clouds.py", [cloud],
            configuration: Configuration(hosts: hosts, boot: boot, end: end, page: page),
            in: folder)
    }
}

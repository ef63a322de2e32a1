public import SkyCore
public import SkyHTTP
import SkyProcess

/// What speaking to Azure touches of the world outside, handed in so that tests can hand in something else.
public struct AzureSurroundings: Sendable {
    public var environment: [String: String]
    public var caller: HTTPCaller
    public var now: @Sendable () -> Instant
    /// Where tokens are kept between commands, by user only; nil for nowhere.
    public var cacheFolder: String?
    /// Where Azure Arc's agent puts the keys that prove who asks for the machine's token.
    var arcKeyFolder = "/var/opt/azcmagent/tokens"
    /// What the firmware says of the machine: Azure's have a number of their own.
    var chassisTagFile = "/sys/class/dmi/id/chassis_asset_tag"

    public init(
        environment: [String: String], caller: HTTPCaller, cacheFolder: String?,
        now: @escaping @Sendable () -> Instant
    ) {
        self.environment = environment
        self.caller = caller
        self.cacheFolder = cacheFolder
        self.now = now
    }

    /// Nil for an empty one too.
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// With `~` resolved.
    func path(_ text: String) -> String {
        text.hasPrefix("~/") ? (variable("HOME") ?? "") + text.dropFirst() : text
    }

    /// Where Azure's command line keeps its login.
    var commandLineFolder: String { path(variable("AZURE_CONFIG_DIR") ?? "~/.azure") }

    /// Nil when there is no such file.
    func read(_ path: String, limit: Int = 1 << 24) throws(CredentialFailure) -> [UInt8]? {
        do { return try Files.read(path, limit: limit) } catch {
            throw CredentialFailure(.refused, "\(path) cannot be read: \(error)")
        }
    }
}

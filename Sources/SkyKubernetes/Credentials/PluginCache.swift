import SkyCore
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What plug-ins have given, in files that their owner alone may read: each command is a process of its own, and a plug-in may
/// take a second and ask a cloud each time.
struct PluginCache: Sendable {
    /// Nil for none.
    let folder: String?

    /// Credentials with less than this left are not used any more.
    static let margin = TimeSpan.seconds(60)

    func load(_ plugin: ExecPlugin, _ access: ClusterAccess, now: Instant) -> ExecCredential? {
        guard let folder, let bytes = (try? Files.read("\(folder)/\(name(plugin, access))")) ?? nil,
            let found = try? ExecCredential(bytes, version: plugin.version), let expires = found.expires,
            now + Self.margin < expires
        else { return nil }
        return found
    }

    /// It is a cache: what cannot be kept is asked for again. Without an end nothing is kept.
    func save(_ output: [UInt8], _ credential: ExecCredential, _ plugin: ExecPlugin, _ access: ClusterAccess) {
        guard let folder, credential.expires != nil, (try? Files.makeFolder(folder, mode: 0o700)) != nil else { return }
        try? Files.replace("\(folder)/\(name(plugin, access))", with: output, mode: 0o600, durability: .processes)
    }

    func forget(_ plugin: ExecPlugin, _ access: ClusterAccess) {
        guard let folder else { return }
        try? Disk.remove("\(folder)/\(name(plugin, access))")
    }

    /// Another program, other arguments, another cluster: another name. Nobody can tell anything from it.
    private func name(_ plugin: ExecPlugin, _ access: ClusterAccess) -> String {
        let variables = plugin.variables.map { "\($0.name)=\($0.value.reveal())" }
        let all = [access.server, plugin.version, plugin.command] + plugin.arguments + variables
        var hash = UInt64(0xcbf2_9ce4_8422_2325)
        for byte in all.joined(separator: "\0").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "\(String(hash, radix: 16)).json"
    }
}

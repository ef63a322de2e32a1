import FoundationEssentials
import Glibc
import SkyProcess

/// One machine, from one start to the next.
struct MachineIdentity: Hashable, Sendable, Codable {
    var host: String
    /// The kernel's name for this run of the machine; containers of one kernel share it.
    var boot: String
    /// What the system was given when it was installed; empty where there is none.
    var installation: String

    static var current: MachineIdentity {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return MachineIdentity(
            host: String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self),
            boot: word(in: "/proc/sys/kernel/random/boot_id"), installation: word(in: "/etc/machine-id"))
    }

    /// The same kernel, or the same machine started again.
    func isSameMachine(as other: MachineIdentity) -> Bool {
        if boot == other.boot, !boot.isEmpty { return true }
        let mayBe = installation == other.installation || installation.isEmpty || other.installation.isEmpty
        return host == other.host && mayBe
    }

    private static func word(in path: String) -> String {
        let bytes = ((try? Files.read(path, limit: 256)) ?? nil) ?? []
        return String(decoding: bytes.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
    }
}

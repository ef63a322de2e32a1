import FoundationEssentials
import Glibc
import SkyProcess

/// What of this machine mounts things for jobs.
struct MountTools: Equatable {
    /// How a job gets a view of the file system of its own.
    enum Namespaces: Equatable {
        case ofRoot
        /// Made by root, whom this user may be without being asked for a password, on a machine that is rented for the run.
        case bySudo
        /// As root of a namespace of users that has nobody else in it.
        case ofUser
        /// Not at all: links stand in for mounts where there is nothing yet.
        case none
    }

    var namespaces: Namespaces
    /// Absolute; nil where buckets cannot be mounted, for what `obstacle` says.
    var rclone: String?
    var obstacle: String?

    var ability: MountAbility {
        MountAbility(hasNamespaces: namespaces != .none, bucketObstacle: obstacle)
    }

    static func find(in environment: [String: String] = ProcessInfo.processInfo.environment) -> MountTools {
        let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        let folders = path.split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/sbin", "/sbin"]
        func program(_ names: String...) -> String? {
            names.lazy.flatMap { name in folders.map { "\($0)/\(name)" } }.first { access($0, X_OK) == 0 }
        }
        let hasPrograms = program("unshare") != nil && program("mount") != nil && program("pivot_root") != nil
        let canSudo = program("sudo") != nil && program("setpriv") != nil && Files.exists(rentedMark) && geteuid() != 0
        let namespaces = hasPrograms ? canSudo ? .bySudo : namespaces(mayAsRoot: isRootWithRights) : .none
        var lacks: [String] = []
        let rclone = program("rclone")
        if rclone == nil { lacks.append("it has no rclone") }
        if program("fusermount3", "fusermount") == nil { lacks.append("it has no fusermount (package fuse3)") }
        if access("/dev/fuse", R_OK | W_OK) != 0 { lacks.append("its /dev/fuse cannot be used") }
        if namespaces == .none { lacks.append("it gives jobs no mounts of their own") }
        let obstacle = lacks.isEmpty ? nil : lacks.joined(separator: ", ")
        return MountTools(namespaces: namespaces, rclone: obstacle == nil ? rclone : nil, obstacle: obstacle)
    }

    /// There on machines that cloud-init has set up for a run: their user may be root.
    private static let rentedMark = "/etc/sky-rented"

    /// By what the kernel says of itself. Trying it would take a process, for something that few jobs want.
    private static func namespaces(mayAsRoot: Bool) -> Namespaces {
        if mayAsRoot { return .ofRoot }
        let most = setting("/proc/sys/user/max_user_namespaces") ?? 0
        let isForbidden =
            setting("/proc/sys/kernel/unprivileged_userns_clone") == 0
            || setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1
        // Containers' filters refuse them to all that have no rights of root.
        let isFiltered = status("Seccomp").map { $0 != 0 } ?? true
        return most > 0 && !isForbidden && !isFiltered ? .ofUser : .none
    }

    /// `CAP_SYS_ADMIN`, which containers' root has not.
    private static var isRootWithRights: Bool { geteuid() == 0 && (status("CapEff", radix: 16) ?? 0) & 1 << 21 != 0 }

    private static func status(_ name: String, radix: Int = 10) -> UInt64? {
        text("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix("\(name):") }
            .flatMap { UInt64($0.dropFirst(name.count + 1).filter { !$0.isWhitespace }, radix: radix) }
    }

    private static func setting(_ path: String) -> UInt64? {
        text(path).flatMap { UInt64($0.filter { !$0.isWhitespace }) }
    }

    private static func text(_ path: String) -> String? {
        ((try? Files.read(path)) ?? nil).map { String(decoding: $0, as: UTF8.self) }
    }
}

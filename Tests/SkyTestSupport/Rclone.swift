import Glibc

/// rclone, and what else a node needs to mount buckets.
public enum Rclone {
    /// The folder that it is in: of `PATH`, or where scripts/ensure-rclone.sh puts it.
    public static let folder: String? = {
        let here = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let folders = (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").map { String($0) }
        return (folders + ["/\(here)/.build/rclone/bin"]).first { access("\($0)/rclone", X_OK) == 0 }
    }()

    /// `PATH` with it.
    public static var searchPath: String { "\(folder ?? "/usr/bin"):/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" }

    /// What keeps this machine from mounting anything with it; nil for nothing.
    public static var obstacle: String? {
        if folder == nil { return "there is no rclone: scripts/ensure-rclone.sh installs it" }
        if access("/dev/fuse", R_OK | W_OK) != 0 { return "/dev/fuse cannot be used here" }
        let isThere = ["/usr/bin", "/bin", "/usr/local/bin"].contains { folder in
            ["fusermount3", "fusermount"].contains { access("\(folder)/\($0)", X_OK) == 0 }
        }
        return isThere ? nil : "there is no fusermount here (apt-get install fuse3)"
    }

    public static var canMount: Bool { obstacle == nil }
}

import CShims
import Glibc

/// A control group of the kernel's second version (cgroups v2): a folder of its file system, and the processes that are in it.
/// What a process starts is in its group too, whatever becomes of it.
public struct ControlGroup: Hashable, Sendable {
    /// Where the group is, below the place at which the file system is mounted.
    public let path: String

    public init(path: String) { self.path = path }

    /// The group that this process was in when it, or whom it is a copy of, first asked; nil where the second version is not
    /// mounted, or shows another part of the tree.
    public static let ofThisProcess: ControlGroup? = {
        guard let groups = text("/proc/self/cgroup"), let mounts = text("/proc/self/mountinfo") else { return nil }
        return current(groups: groups, mounts: mounts)
    }()

    /// - Parameters:
    ///   - groups: what `/proc/PID/cgroup` says.
    ///   - mounts: what `/proc/PID/mountinfo` says.
    static func current(groups: String, mounts: String) -> ControlGroup? {
        guard let line = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else { return nil }
        let own = line.dropFirst("0::".count)
        for mount in mounts.split(separator: "\n") {
            // ID PARENT DEVICE ROOT POINT OPTIONS … - TYPE SOURCE OPTIONS
            let fields = mount.split(separator: " ")
            guard
                let dash = fields.firstIndex(of: "-"), dash > 5, dash + 1 < fields.endIndex,
                fields[dash + 1] == "cgroup2", !fields[4].contains("\\")
            else { continue }
            guard let below = path(own, below: fields[3]), !below.contains("..") else { continue }
            return ControlGroup(path: "\(fields[4])\(below)")
        }
        return nil
    }

    /// `path` without the beginning `root`, and without a slash at its end.
    private static func path(_ path: Substring, below root: Substring) -> Substring? {
        let root = root == "/" ? "" : root
        guard path.hasPrefix(root) else { return nil }
        let rest = path.dropFirst(root.count)
        guard !rest.isEmpty, rest != "/" else { return "" }
        return rest.hasPrefix("/") ? rest : nil
    }

    private static func text(_ path: String) -> String? {
        ((try? Files.read(path)) ?? nil).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Makes an empty group in this one; nil where that is not allowed, or the kernel cannot end a whole group (before 5.14).
    public func makeChild(_ name: String) -> ControlGroup? {
        let child = ControlGroup(path: "\(path)/\(name)")
        guard mkdir(child.path, 0o700) == 0 else { return nil }
        guard access("\(child.path)/cgroup.kill", W_OK) == 0 else {
            child.remove()
            return nil
        }
        return child
    }

    /// The names of the groups in this one that begin so.
    public func children(withPrefix prefix: String) -> [String] {
        Files.names(in: path).filter { $0.hasPrefix(prefix) }
    }

    /// A descriptor by which a process can be started in it; nil when it is not there.
    public func open() -> Int32? {
        let descriptor = Glibc.open(path, sky_open_path_only | O_DIRECTORY | O_CLOEXEC)
        return descriptor >= 0 ? descriptor : nil
    }

    /// Takes this process into it. What the process has started stays where it is.
    public func enter() throws(SystemError) { try write("0", to: "cgroup.procs") }

    /// Kills every process in it and in the groups below it, all at once: none of them can start another in the meantime, and it
    /// does not matter whose they are.
    public func killAll() throws(SystemError) { try write("1", to: "cgroup.kill") }

    /// False only if no process is in it, nor in the groups below it, or it is not there.
    public var hasProcesses: Bool {
        Self.text("\(path)/cgroup.events")?.contains("populated 1") ?? false
    }

    /// Removes it and the groups below it. False when a process is in one of them.
    @discardableResult
    public func remove() -> Bool {
        if rmdir(path) == 0 || errno == ENOENT { return true }
        guard errno == EBUSY || errno == ENOTEMPTY, !hasProcesses else { return false }
        for name in Files.names(in: path) where Files.isFolder("\(path)/\(name)") {
            ControlGroup(path: "\(path)/\(name)").remove()
        }
        return rmdir(path) == 0
    }

    private func write(_ text: String, to name: String) throws(SystemError) {
        let file = try Descriptor.open("\(path)/\(name)", O_WRONLY)
        defer { close(file) }
        try Descriptor.writeAll(file, Array(text.utf8))
    }
}

import SkyCore
import SkyRuntime
import SkySpec
import SkyStorage

/// How what a stage wants at paths of its own comes to be there.
struct MountWays {
    let code: StageCode
    /// Why its buckets are copied instead of being mounted, as what is said of a node; nil: they are mounted.
    var obstacle: String?

    /// Whether a stage's files are all where they lie, in its working directory.
    static func areNeeded(by code: StageCode) -> Bool { code.mounts.contains { $0.isOutside || $0.mode != nil } }

    /// Where what the job finds at `target` lies, in its working directory. What goes outside of that lies in a hidden folder.
    static func inside(_ target: String) -> String {
        let parts = target.split(separator: "/").filter { $0 != "." }
        if target.hasPrefix("~") { return ([".sky", "home"] + parts.dropFirst()).joined(separator: "/") }
        return ((target.hasPrefix("/") ? [".sky", "root"] : []) + parts).joined(separator: "/")
    }

    /// Relative to the node's folder.
    static func place(of mount: StageCode.Mount) -> String { "\(NodeLayout.work)/\(inside(mount.target))" }

    /// - Parameter remotes: what whoever mounts a bucket must know, by its address.
    func mounts(_ remotes: [String: RcloneRemote]) -> [JobMount] {
        let copied = code.mounts.filter { $0.isOutside && $0.mode == nil }.map { mount in
            JobMount(target: Self.plain(mount.target), source: .node(path: Self.place(of: mount)))
        }
        // What was copied below something else that was copied is there with it.
        let outermost = copied.filter { mount in
            !copied.contains { mount.target.hasPrefix("\($0.target)/") }
        }
        return outermost + code.liveMounts.map { live($0, remotes[$0.source] ?? .known) }
    }

    private func live(_ mount: StageCode.Mount, _ remote: RcloneRemote) -> JobMount {
        let target = Self.plain(mount.target)
        guard let obstacle else {
            let bucket = BucketMount(
                url: mount.source, remote: remote.path, isCached: mount.mode == .cached, variables: remote.variables)
            return JobMount(target: target, source: .bucket(bucket))
        }
        return JobMount(
            target: target, source: .node(path: Self.place(of: mount)), isReadOnly: true,
            note: "\(mount.source) is copied to \(target) and can only be read: \(obstacle)")
    }

    private static func plain(_ target: String) -> String {
        let path = target.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        return target.hasPrefix("/") ? "/\(path)" : path
    }
}

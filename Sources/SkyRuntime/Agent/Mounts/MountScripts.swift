import SkyCore

/// How a job with mounts runs: a script that makes a view of the file system of its own for it, and one that mounts what it wants
/// there, runs its commands, and ends what it has mounted. Pure.
///
/// The kernel takes the mounts away with the last process that sees them. Whoever looks at the node from outside, or removes the
/// node's folder, never meets a bucket.
struct MountScripts {
    var tools: MountTools
    /// The job's folder, inside the node's.
    var folder: String
    /// The node's folder.
    var node: String
    var job: JobSpec
    var user: (id: UInt32, group: UInt32)

    private var workingDirectory: String { "\(node)/\(job.workingDirectory)" }

    /// What the supervisor runs.
    var outside: String {
        let inside = ContainerScripts.quoted("\(folder)/inside.sh")
        let options =
            switch tools.namespaces {
            case .ofRoot: "--mount"
            case .ofUser: "--user --map-root-user --mount"
            case .bySudo: "--mount"
            case .none: ""
            }
        // What the job's variables are root's programs need not know, and sudo would leave some out.
        let asRoot = "umask 077; export -p > \(variablesFile); umask 022; exec sudo -n "
        let start = tools.namespaces == .bySudo ? asRoot : "exec "
        guard !options.isEmpty else { return "exec /bin/sh \(inside)\n" }
        return """
            \(start)/usr/bin/env "HOME=$HOME" "PATH=\(Self.searchPath):$PATH" unshare \(options) --propagation private \
              /usr/bin/env "PATH=$PATH" /bin/sh \(inside)

            """
    }

    var inside: String {
        """
        folder=\(ContainerScripts.quoted(folder))
        node=\(ContainerScripts.quoted(node))
        root=$folder/root
        jobs_path=$PATH
        PATH=\(Self.searchPath):$PATH
        as=
        \(tools.namespaces == .ofUser ? asUser : "")fail() { echo "sky-agent: $*" >&2; stop; exit 126; }
        trap 'asked=$asked.' TERM
        \(tools.namespaces == .bySudo ? rootsPart : Self.owner + placing)\(bucketPart)\(Self.steps)
        \(job.mounts.map(lines) ?? "")cd \(ContainerScripts.quoted(workingDirectory)) || fail "the working directory is gone"
        echo $$ > "$folder/keeper"
        \(job.scripts.map { "step \(ContainerScripts.quoted("\(folder)/\($0.name).sh"))\n" }.joined())finish 0

        """
    }

    /// What a shell is to `.`, with the variables of one mount's process.
    func variables(of bucket: BucketMount) -> String {
        bucket.variables.sorted { $0.key < $1.key }.map { "export \($0.key)=\(ContainerScripts.quoted($0.value))\n" }
            .joined()
    }

    private var placing: String { tools.namespaces == .none ? Self.links : Self.places }

    private var bucketPart: String { hasBuckets ? buckets : "stop() { :; }; flush() { :; }\n" }

    private var variablesFile: String { ContainerScripts.quoted("\(folder)/variables") }

    /// The script runs twice: as root, which mounts what is of the node, and then as the job's user.
    private var rootsPart: String {
        """
        if [ "$(id -u)" = 0 ]; then
        owner=\(user.id):\(user.group)
        stop() { :; }
        mount_bucket() { make "$2" d; }
        \(Self.places)\((job.mounts ?? []).isEmpty ? "" : lines(job.mounts ?? [], withNotes: false))exec setpriv --reuid=\(user.id) \
          --regid=\(user.group) --init-groups /usr/bin/env "PATH=$jobs_path" /bin/sh "$folder/inside.sh"
        fi
        . \(variablesFile) && rm -f \(variablesFile) || exit 126
        jobs_path=$PATH
        PATH=\(Self.searchPath):$PATH
        bind() { :; }
        make() { :; }

        """
    }

    private var hasBuckets: Bool { job.mounts?.contains { $0.bucket != nil } ?? false }

    /// Those who may not be root outside are only called so inside, and nobody else is there: their commands are to see who they are.
    private var asUser: String {
        """
        mine="unshare --user --map-user=\(user.id) --map-group=\(user.group)"
        $mine true 2> /dev/null && as=$mine

        """
    }

    private func lines(_ mounts: [JobMount]) -> String { lines(mounts, withNotes: true) }

    private func lines(_ mounts: [JobMount], withNotes: Bool) -> String {
        // Parents first, so that nothing hides what was mounted below it.
        let ordered = mounts.enumerated().sorted { first, second in
            (depth(first.element), first.offset) < (depth(second.element), second.offset)
        }
        return ordered.map { number, mount in
            let target = place(mount.target)
            let said = withNotes ? mount.note : nil
            let note = said.map { "echo \(ContainerScripts.quoted("sky-agent: \($0)")) >&2\n" } ?? ""
            switch mount.source {
            case .node(let path):
                let source = ContainerScripts.quoted("\(node)/\(path)")
                return "\(note)bind \(source) \(target)\(mount.isReadOnly ? " ro" : "")\n"
            case .bucket(let bucket):
                let words = [bucket.remote, bucket.url].map(ContainerScripts.quoted).joined(separator: " ")
                return "\(note)mount_bucket \(number) \(target) \(words)\(bucket.isCached ? " cached" : "")\n"
            }
        }.joined()
    }

    private func depth(_ mount: JobMount) -> Int { mount.target.split(separator: "/").count }

    /// As a word of the shell.
    private func place(_ target: String) -> String {
        if target.hasPrefix("~/") { return "\"$HOME\"\(ContainerScripts.quoted(String(target.dropFirst())))" }
        return ContainerScripts.quoted(target.hasPrefix("/") ? target : "\(workingDirectory)/\(target)")
    }

    /// Before the job's own: what it may have called `mount` is not meant.
    private static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

import SkyCore

/// How a job runs in a container: a script that the supervisor runs on the node, which starts the container and waits for it, and
/// one that is the container's first process. Pure.
///
/// The job's variables are in a file that only the second reads: neither the runtime's own command line nor its variables, nor
/// what it remembers of the container, have any of their values.
struct ContainerScripts {
    var runtime: ContainerRuntime
    var image: String
    /// The job's folder, inside the node's.
    var folder: String
    /// The node's folder: it is in the container under its own path.
    var node: String
    var job: JobSpec
    var user: (id: UInt32, group: UInt32)

    /// Of the container; the same for the same job's folder, and for no other on this machine.
    static func name(of folder: String) -> String {
        "sky-\(SHA256.hex(SHA256.digest(of: Array(folder.utf8))).prefix(32))"
    }

    private var name: String { Self.name(of: folder) }
    private var workingDirectory: String { "\(node)/\(job.workingDirectory)" }

    // MARK: On the node

    var outside: String {
        let program = Self.quoted(runtime.path)
        return """
            # The runtime hears what the job is asked to, and hands it on.
            trap : TERM
            set -- \(options.map(Self.quoted).joined(separator: " "))
            for name in \(DeviceVariables.names.joined(separator: " ")); do
              eval "test -n \\"\\${$name+x}\\"" && set -- "$@" --env "$name"
            done
            test -n "$CUDA_VISIBLE_DEVICES" && test -e /dev/nvidiactl && set -- "$@" \(devices)
            \(program) run "$@" --entrypoint /bin/sh \(Self.quoted(image)) \(Self.quoted("\(folder)/inside.sh"))
            code=$?
            test "$(\(program) inspect --format '{{.State.OOMKilled}}' \(name) 2>/dev/null)" = true &&
              echo "sky-agent: the container had no more memory" >&2
            test $code = 125 && echo "sky-agent: \(runtime.kind) could not start the container" >&2 && code=126
            exit $code

            """
    }

    private var options: [String] {
        var options = [
            "--name", name, "--network", "host", "--ipc", "host", "--user", "\(user.id):\(user.group)",
            "--volume", "\(node):\(node)", "--workdir", workingDirectory, "--env",
            "\(JobFolder.markVariable)=\(folder)",
        ]
        if let checkpoint = job.environment["SKY_CHECKPOINT_DIR"], !checkpoint.hasPrefix("\(node)/") {
            options += ["--volume", "\(checkpoint):\(checkpoint)"]
        }
        for (mount, path) in placed where !mount.target.hasPrefix("~") {
            let target = mount.target.hasPrefix("/") ? mount.target : "\(workingDirectory)/\(mount.target)"
            options += ["--volume", "\(node)/\(path):\(target)\(mount.isReadOnly ? ":ro" : "")"]
        }
        if let memory = job.limits?.memory {
            options += ["--memory", "\(memory.bytes)b", "--memory-swap", "\(memory.bytes)b"]
        }
        if let files = job.limits?.files {
            options += ["--ulimit", "nofile=\(files):\(files)"]
        } else if runtime.kind == .podman {
            options += ["--ulimit", "host"]
        }
        guard runtime.kind == .podman else { return options }
        // Files of the node's user are that user's inside too, and no label keeps them from being read.
        return options + ["--security-opt", "label=disable"] + (user.id == 0 ? [] : ["--userns", "keep-id"])
    }

    /// What of the node's folder is to be found elsewhere.
    private var placed: [(JobMount, path: String)] {
        (job.mounts ?? []).compactMap { mount in
            if case .node(let path) = mount.source { (mount, path) } else { nil }
        }
    }

    /// The home folder is known inside alone. Links do there: the container goes with the job.
    private var homeLinks: String {
        placed.filter { $0.0.target.hasPrefix("~/") }.map { mount, path in
            let target = "\"$HOME\"\(Self.quoted(String(mount.target.dropFirst())))"
            let fail = "echo \(Self.quoted("sky-agent: \(mount.target) is there in the container")) >&2; exit 126"
            return """
                test -e \(target) && { \(fail); }
                mkdir -p "$(dirname \(target))" && ln -s \(Self.quoted("\(node)/\(path)")) \(target) || exit 126

                """
        }.joined()
    }

    private var notes: String {
        (job.mounts ?? []).compactMap(\.note).map { "echo \(Self.quoted("sky-agent: \($0)")) >&2\n" }.joined()
    }

    private var devices: String { runtime.kind == .podman ? "--device nvidia.com/gpu=all" : "--gpus all" }

    // MARK: In the container

    var inside: String {
        let steps = job.scripts.map { "step \(Self.quoted("\(folder)/\($0.name).sh"))\n" }.joined()
        return """
            . \(Self.quoted("\(folder)/variables"))
            test -n "$HOME" && test -w "$HOME" || export HOME=/tmp
            \(notes)\(homeLinks)cd \(Self.quoted(workingDirectory)) || exit 126
            # The first process of a container is spared signals that it has no answer to; the others are asked, all of them.
            test $$ = 1 && others=-1 || others=
            trap 'test -n "$asked" || kill -TERM ${others:-$child}; asked=$asked.' TERM
            # A signal ends the waiting and not the step: then it is waited for again. 127 is what is said of one that was known before.
            step() {
              test -z "$asked" || exit 143
              /bin/sh "$1" &
              child=$!
              \(StepWait.lines(indent: "  "))
              test $code = 0 || exit $code
            }
            \(steps)exit 0

            """
    }

    /// What a person who is let into the container becomes: a shell, or a command, as the job has it.
    static func visit(_ folder: String, _ workingDirectory: String, _ command: String?) -> String {
        let shell =
            command.map { "exec /bin/sh -c \(quoted($0))" } ?? "test -x /bin/bash && exec /bin/bash || exec /bin/sh"
        return ". \(quoted("\(folder)/variables")); cd \(quoted(workingDirectory)) && \(shell)"
    }

    /// Of the job and nobody else, values of secrets among them.
    var variables: String {
        (job.secrets ?? [:]).merging(job.environment) { _, own in own }.filter { Self.isName($0.key) }
            .sorted { $0.key < $1.key }.map { "export \($0.key)=\(Self.quoted($0.value))\n" }.joined()
    }

    /// Others no shell can set.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && !text.utf8.contains { byte in
                !(0x30...0x39).contains(byte) && !(0x41...0x5a).contains(byte) && !(0x61...0x7a).contains(byte)
                    && byte != 0x5f
            } && !(text.first?.isNumber ?? true)
    }

    static func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "'\\''"))'" }
}

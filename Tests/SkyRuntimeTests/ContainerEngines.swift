import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

/// A node whose agent is started with these variables beside the tests' own.
func withAgent(
    environment: [String: String], _ body: (TestNode, AgentClient) async throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        let node = TestNode(directory: folder)
        let ready = try Descriptor.pipe()
        var spawn = AgentCommand.serve(
            executable: try TestNode.executable, node: try node.folder, ready: ready.writing)
        spawn.environment?.merge(environment) { _, own in own }
        let process = try spawn.start()
        process.reap()
        close(ready.writing)
        _ = try Descriptor.readAll(ready.reading, limit: 1)
        close(ready.reading)
        do {
            let client = try await node.connect()
            try await body(node, client)
            await client.close()
            await NodeProcesses(directory: folder).cutPower()
        } catch {
            await NodeProcesses(directory: folder).cutPower()
            throw error
        }
    }
}

/// A program called `docker`. It takes what it is told apart as docker does, and runs it as the first process of a namespace.
/// What it started is, as a daemon's, no descendant of whoever asked it.
enum PretendedDocker {
    private static let program = """
        #!/bin/sh
        # run and rm of docker, as far as they are used.
        state=$(dirname "$0")/containers; mkdir -p "$state"
        verb=$1; shift
        case $verb in
        rm)
            for name do :; done
            [ -e "$state/$name" ] && kill -KILL "$(cat "$state/$name")" 2>/dev/null
            while [ -e "$state/$name" ] && kill -0 "$(cat "$state/$name")" 2>/dev/null; do sleep 0.02; done
            rm -f "$state/$name" "$state/$name.end" "$state/$name.out"; exit 0 ;;
        run) ;;
        *) exit 1 ;;
        esac
        set -- "$@" ''
        while :; do
            case $1 in
            --name) name=$2 ;;
            --workdir) work=$2 ;;
            --entrypoint) entry=$2 ;;
            --env) case $2 in *=*) mark=$2 ;; esac ;;
            --*) ;;
            *) break ;;
            esac
            shift 2
        done
        shift
        [ -e "$state/$name" ] && exit 125
        cd "$work" || exit 125
        trap 'asked=1' TERM
        printf '%s\n' "$work" "$mark" "$entry" "$1" > "$state/$name.wish" && mv "$state/$name.wish" "$state/$name.run"
        until [ -s "$state/$name" ]; do sleep 0.01; done
        keeper=$(cat "$state/$name")
        (trap '' TERM; exec tail -n +1 -f -s 0.02 --pid="$keeper" "$state/$name.out") &
        shown=$!
        until [ -e "$state/$name.end" ] || ! kill -0 "$keeper" 2>/dev/null; do
            [ -n "$asked" ] && asked= && for child in $(cat "/proc/$keeper/task/$keeper/children"); do kill -TERM "$child"; done
            sleep 0.02
        done
        while kill -0 $shown 2>/dev/null; do wait $shown; done
        exit "$(cat "$state/$name.end" 2>/dev/null || echo 137)"

        """

    /// The daemon, which starts containers. Its children are no descendants of whoever asked for them; what they print
    /// the client reads from files.
    private static let daemon = """
        state=$1/containers; mkdir -p "$state"
        start() {
            exec 3< "$1"; read -r work <&3; read -r mark <&3; read -r entry <&3; read -r script <&3; exec 3<&-
            cd "$work" || return
            : > "$2.out"
            unshare --pid --fork --kill-child --mount-proc env -i PATH="$PATH" HOME=/ "$mark" "$entry" "$script" \
                > "$2.out" 2>&1 &
            echo $! > "$2"; wait $!; echo $? > "$2.end"
        }
        while sleep 0.02; do
            for wish in "$state"/*.run; do
                [ -e "$wish" ] || continue
                mv "$wish" "${wish%.run}.begun"
                start "${wish%.run}.begun" "${wish%.run}" &
            done
        done

        """

    /// Whether this user may make namespaces of processes here.
    static let isPossible: Bool = {
        let spawn = ProcessSpawn("unshare", ["--pid", "--fork", "--mount-proc", "true"], standardError: .null)
        var status: Int32 = 1
        guard let pid = try? spawn.startUnmanaged() else { return false }
        return waitpid(pid, &status, 0) == pid && status == 0
    }()

    static func use(_ body: (TestNode, AgentClient) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            try await writeProgram("\(folder)/docker", program)
            let environment = ["PATH": "\(folder):/usr/sbin:/usr/bin:/sbin:/bin", "DOCKER_HOST": "unix:///nowhere"]
            let daemon = try ProcessSpawn(
                "/bin/sh", ["-c", Self.daemon, "sh", folder], leadership: .session, standardOutput: .null,
                standardError: .null
            ).start()
            defer { kill(-daemon.pid, SIGKILL) }
            daemon.reap()
            try await withAgent(environment: environment, body)
        }
    }
}

/// Podman of this machine, if it can run anything here, with an image of nothing but a static shell.
enum PodmanUnderTest {
    /// Limits that may not be raised here are left as they are, and an engine is taken that knows this machine's cgroups.
    static let environment: [String: String] = ["CONTAINERS_CONF": settings]

    private static let settings: String = {
        let path = "\(NSTemporary.folder)/sky-test-containers.conf"
        let runtime =
            access("/usr/bin/runc", X_OK) == 0 || access("/usr/sbin/runc", X_OK) == 0 ? "runtime = \"runc\"\n" : ""
        let text =
            "[containers]\ndefault_ulimits = []\n[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n\(runtime)"
        try? Files.put(path, text.utf8)
        return path
    }()

    /// Containers of this image that podman knows, running or not.
    static func names() async throws -> [String] {
        try await withTemporaryFolder { folder in
            let list = ProcessSpawn(
                "podman", ["ps", "--all", "--filter", "ancestor=\(image ?? "")", "--format", "{{.Names}}"],
                standardOutput: .append(path: "\(folder)/names"), standardError: .null)
            #expect(try await list.start().wait() == .exited(code: 0))
            let text = String(decoding: try Files.read("\(folder)/names") ?? [], as: UTF8.self)
            return text.split(separator: "\n").map(String.init)
        }
    }

    /// Nil where podman or a static busybox is missing, or no container starts.
    static let image: String? = {
        let name = "localhost/sky-test/shell:1"
        let make = """
            set -e
            command -v podman busybox >/dev/null
            if ! podman image exists \(name); then
              root=$(mktemp -d); mkdir -p "$root/bin" "$root/tmp" "$root/proc" "$root/etc"; chmod 1777 "$root/tmp"
              cp "$(command -v busybox)" "$root/bin/busybox"
              for applet in sh cat sleep id test pwd; do ln -s busybox "$root/bin/$applet"; done
              tar -C "$root" -c . | podman import --quiet - \(name); rm -r "$root"
            fi
            podman run --rm --network host --ulimit host \(name) /bin/sh -c true
            """
        var variables = ProcessInfo.processInfo.environment
        variables["CONTAINERS_CONF"] = settings
        let spawn = ProcessSpawn(
            "/bin/sh", ["-c", make], environment: variables, standardOutput: .null, standardError: .null)
        var status: Int32 = 1
        guard let pid = try? spawn.startUnmanaged(), waitpid(pid, &status, 0) == pid, status == 0 else { return nil }
        return name
    }()
}

private enum NSTemporary {
    static var folder: String { ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp" }
}

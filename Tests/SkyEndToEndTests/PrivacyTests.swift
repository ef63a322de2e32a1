import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// What anybody else on a machine can learn of a run: its ports, its files, and its secrets where they may show.
@Suite("What others get to see", .tags(.integration), .serialized, .timeLimit(.minutes(10)))
struct PrivacyTests {
    /// Nothing else on the machine has it.
    private let secret = "hush-" + (0..<20).map { _ in String(UInt8.random(in: 0...9)) }.joined()

    @Test("on this machine: a service's own port alone is open, on loopback, and a secret is its job's alone")
    func thisMachine() async throws {
        try await SkyUnderTest.use { sky in
            try await watch(sky, folders: ["\(sky.home)/state"], serving: true, resources: "{cpus: 1+}") {
                sky.processes.map(\.pid)
            }
        }
    }

    @Test("on a host of one's own: no port is open, and a secret is its job's alone")
    func host() async throws {
        try await SSHFarm.use(1) { farm in
            let host = farm.hosts[0]
            try Files.makeFolder("\(farm.folder)/run", mode: 0o700)
            // As open as a home folder can be: what is ours must be closed by itself.
            for folder in [farm.folder, host.folder, host.home] { chmod(folder, 0o755) }
            try await SkyUnderTest.use { plain in
                let sky = plain.with(["XDG_RUNTIME_DIR": "\(farm.folder)/run"])
                try Files.makeFolder("\(sky.home)/config")
                _ = try sky.write(
                    "ssh_config: \(farm.config)\npools: {desk: {cores: 4, memory: 8, price: 0.01, hosts: [m1]}}\n",
                    as: "config/ssh.yaml")
                let folders = ["\(sky.home)/state", "\(host.home)/.sky-host", "\(farm.folder)/run"]
                try await watch(sky, folders: folders, serving: false, resources: "{infra: ssh/desk}") {
                    sky.processes.map(\.pid) + host.processes()
                }
            }
        }
    }

    /// By what clouds' credentials are given to programs.
    private static let variables = [
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_TENANT_ID", "AZURE_CLIENT_ID",
        "AZURE_CLIENT_SECRET", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN", "GOOGLE_API_KEY", "LAMBDA_API_KEY",
        "RUNPOD_API_KEY", "HYPERSTACK_API_KEY", "VERDA_CLIENT_ID", "VERDA_CLIENT_SECRET", "NEBIUS_IAM_TOKEN",
    ]

    @Test(
        "credentials of clouds stay with the broker: no node, journal, log or store has them", arguments: [false, true])
    func credentials(onHost: Bool) async throws {
        try await SSHFarm.use(1) { farm in
            try Files.makeFolder("\(farm.folder)/run", mode: 0o700)
            try await SkyUnderTest.use { plain in
                let keys = Dictionary(Self.variables.map { ($0, secret) }, uniquingKeysWith: { first, _ in first })
                let sky = plain.with(keys.merging(["XDG_RUNTIME_DIR": "\(farm.folder)/run"]) { $1 })
                try Files.makeFolder("\(sky.home)/config")
                _ = try sky.write(
                    "ssh_config: \(farm.config)\npools: {desk: {cores: 4, memory: 8, price: 0.01, hosts: [m1]}}\n",
                    as: "config/ssh.yaml")
                let pipeline = try sky.write(
                    """
                    name: quiet
                    stages:
                      make:
                        resources: \(onHost ? "{infra: ssh/desk}" : "{infra: aws}")
                        outputs: {seen: {size: 1MB}}
                        run: |
                          env | tee "$SKY_OUTPUT_SEEN"
                          echo ready
                          until [ -e \(sky.home)/go ]; do sleep 0.05; done
                    """)
                let launch = try await sky("launch", pipeline, "--yes", "--detach")
                try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
                let run = try sky.runName("quiet", in: launch)
                try await sky.wait("it works") { try await sky("logs", run, "make").output.contains("ready") }
                let folders = ["\(sky.home)/state", "\(sky.home)/config", "\(farm.hosts[0].home)"]
                #expect(files(in: folders).filter(holdsSecret) == [])
                for process in ProcessTable.all() where holdsSecret("/proc/\(process.pid)/environ") {
                    let program = Files.absolutePath("/proc/\(process.pid)/exe") ?? ""
                    #expect(!program.contains("agent") && !program.contains("supervisor"), "\(program)")
                    #expect(ProcessTable.environment(of: process.pid)?["SKY_JOB_DIR"] == nil, "\(program)")
                }
                _ = try sky.write("", as: "go")
                try await sky.wait("it is done") { try await sky.status(of: run).state == "succeeded" }
                #expect(try await !sky("logs", run, "make").output.contains(secret))
                #expect(files(in: folders).filter(holdsSecret) == [])
            }
        }
    }

    // MARK: One run, looked at in the middle of it and after it

    private func watch(
        _ sky: SkyUnderTest, folders: [String], serving: Bool, resources: String, processes: () -> [Int32]
    ) async throws {
        chmod(sky.home, 0o755)
        let pipeline = try sky.write(try pipeline(resources: resources, serving: serving, go: "\(sky.home)/go"))
        let knowing = sky.with(sky.variables.merging(["TOKEN": secret]) { $1 })
        let launch = try await knowing("launch", pipeline, "--yes", "--detach")
        try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
        let run = try sky.runName("quiet", in: launch)
        try await sky.wait("it works") { try await sky("logs", run, "make").output.contains("ready") }

        #expect(processes().count >= 3, "the driver, the agent, the supervisor and the job")
        #expect(OpenPorts(of: processes()).ports == [], "while a stage works")
        showsSecret(onlyToJobsIn: folders)
        #expect(files(in: folders).filter(holdsSecret).map { $0.suffix(8) } == ["/secrets"])
        try await isClosedToOthers(folders, sky)

        _ = try sky.write("", as: "go")
        try await sky.wait("it is done") {
            try await sky.status(of: run).state == (serving ? "serving" : "succeeded")
        }
        if serving {
            let ports = OpenPorts(of: processes()).ports
            let asked = try #require(try await sky.status(of: run).stage("serve").url).split(separator: ":").last
            #expect(ports.count == 1 && ports.allSatisfy { $0.isLoopback && "\($0.number)" == asked ?? "" }, "\(ports)")
            showsSecret(onlyToJobsIn: folders)
            try await isClosedToOthers(folders, sky)
            #expect(try await sky("down", run, "--yes").exitCode == 0)
        }
        let log = try await sky("logs", run, "make")
        #expect(log.output.contains("knows 25 characters"), "\(log.output)")
        try await isClosedToOthers(folders, sky)
        #expect(files(in: folders + ["\(sky.home)/config"]).filter(holdsSecret) == [], "journal, logs, stores, nodes")
    }

    private func pipeline(resources: String, serving: Bool, go: String) throws -> String {
        let service = """
              serve:
                resources: \(resources)
                inputs: {model: make.model}
                service: {port: \(try #require(freePort())), readiness_probe: /}
                run: exec python3 -m http.server --bind 127.0.0.1 "$SKY_SERVICE_PORT"

            """
        return """
            name: quiet
            secrets: [TOKEN]
            stages:
              make:
                resources: \(resources)
                outputs: {model: {size: 1MB}}
                run: |
                  echo "knows ${#TOKEN} characters"
                  echo model > "$SKY_OUTPUT_MODEL"
                  echo ready
                  until [ -e \(go) ]; do sleep 0.05; done

            """ + (serving ? service : "")
    }

    /// Process lists and variables of all processes of the machine.
    private func showsSecret(onlyToJobsIn folders: [String]) {
        for process in ProcessTable.all() {
            let arguments = ProcessTable.arguments(of: process.pid)
            #expect(!arguments.contains { $0.contains(secret) }, "\(arguments)")
            // Asked once: it may be gone the next time.
            let bytes = (try? Files.read("/proc/\(process.pid)/environ")) ?? nil
            let variables = String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\0")
            guard variables.contains(where: { $0.contains(secret) }) else { continue }
            let name = "SKY_JOB_DIR="
            let job = variables.first { $0.hasPrefix(name) }?.dropFirst(name.count) ?? ""
            #expect(folders.contains { job.hasPrefix("\($0)/") }, "\(arguments)")
        }
    }

    private func files(in folders: [String]) -> [String] {
        folders.flatMap { [$0] + below($0) }
    }

    private func below(_ folder: String) -> [String] {
        Files.names(in: folder).flatMap { name -> [String] in
            let path = "\(folder)/\(name)"
            return [path] + (kind(of: path) == S_IFDIR ? below(path) : [])
        }
    }

    /// Of what is there itself, not of what a link leads to.
    private func kind(of path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : 0
    }

    private func holdsSecret(_ path: String) -> Bool {
        guard kind(of: path) == S_IFREG, let bytes = try? Files.read(path) else { return false }
        return String(decoding: bytes, as: UTF8.self).contains(secret)
    }

    /// Whoever is somebody else sees nothing below these folders, and connects to nothing.
    private func isClosedToOthers(_ folders: [String], _ sky: SkyUnderTest) async throws {
        guard geteuid() == 0 else { return }
        let list = try sky.write(files(in: folders).joined(separator: "\n") + "\n", as: "paths")
        chmod(list, 0o644)
        let script = """
            test -r "$1" && echo control
            while IFS= read -r path; do
              if [ -r "$path" ] || [ -w "$path" ] || [ -x "$path" ]; then echo "$path"; fi
            done < "$1"
            """
        let answer = try await sky.run(
            "/usr/bin/setpriv",
            ["--reuid=65534", "--regid=65534", "--clear-groups", "/bin/sh", "-c", script, "sh", list])
        #expect(answer.output == "control\n", "\(answer.errors)")
    }
}

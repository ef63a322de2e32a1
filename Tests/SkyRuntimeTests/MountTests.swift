import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

/// Jobs that find something at paths where their node has nothing.
@Suite(
    "mounts of jobs", .serialized, .timeLimit(.minutes(5)),
    .enabled(if: MountTools.find().namespaces != .none, "jobs cannot have mounts of their own here"))
struct MountTests {
    /// A node whose home folder is a folder of its own, and a path that nobody has in `/`.
    private func use(
        _ body: (TestNode, AgentClient, _ home: String, _ outside: String) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { home in
            let outside = "/sky-test-\(UInt32.random(in: 0 ... .max))"
            try await withAgent(environment: ["HOME": home, "PATH": Rclone.searchPath]) { node, agent in
                try await body(node, agent, home, outside)
                #expect(node.survivors() == [node.agentPID])
                // Other tests of this process mount things too.
                let mounts = String(decoding: try Files.read("/proc/self/mountinfo") ?? [], as: UTF8.self)
                #expect([node.directory, home, outside].allSatisfy { !mounts.contains($0) }, "\(mounts)")
            }
            #expect(!Files.exists(outside))
        }
    }

    private func bucket(
        _ target: String, _ folder: String, isCached: Bool = false, variables: [String: String] = [:]
    ) -> JobMount {
        JobMount(
            target: target,
            source: .bucket(
                BucketMount(
                    url: "s3://some/\(folder)", remote: ":local:\(folder)/", isCached: isCached, variables: variables)))
    }

    private func untilReady(_ agent: AgentClient) async throws {
        for try await chunk in agent.logs(ofJob: "j", from: 0, follow: true)
        where String(decoding: chunk.bytes, as: UTF8.self).contains("ready") { return }
        Issue.record("it has never been ready: \(try await agent.wholeLog(ofJob: "j"))")
    }

    @Test("setup and commands find folders and files at any path, and the node has nothing of it then or later")
    func places() async throws {
        try await use { node, agent, home, outside in
            try Files.makeFolder("\(node.directory)/work/.sky/root/deep")
            try Files.put("\(node.directory)/work/.sky/root/deep/a", "data\n".utf8)
            try Files.put("\(node.directory)/work/.sky/file", "one file\n".utf8)
            try Files.makeFolder("\(home)/mine")
            let job = JobSpec(
                id: "j", setup: "echo set > set-up; cat \(outside)/far/data/a",
                run: """
                    cat set-up \(outside)/far/data/a \(outside)/conf.txt ~/data/sets/a; echo "$HOME|$PATH|$TOKEN"; id -u
                    echo more > \(outside)/far/data/b; echo no > ~/data/sets/b || echo refused
                    echo new > ~/mine/new; echo ready; while [ ! -e \(home)/go ]; do sleep 0.02; done; exit 7
                    """,
                environment: ["MARK": "x"], secrets: ["TOKEN": "hush"],
                mounts: [
                    JobMount(target: "\(outside)/far/data", source: .node(path: "work/.sky/root/deep"), note: "a note"),
                    JobMount(target: "\(outside)/conf.txt", source: .node(path: "work/.sky/file")),
                    JobMount(target: "~/data/sets", source: .node(path: "work/.sky/root/deep"), isReadOnly: true),
                ])
            _ = try await agent.submit(job)
            try await untilReady(agent)
            #expect(!Files.exists(outside))
            #expect(Files.names(in: "\(home)/data/sets").isEmpty && Files.isFolder("\(home)/data/sets"))
            try Files.put("\(home)/go", [])
            let log = try await agent.wholeLog(ofJob: "j")
            #expect(try await agent.waitForExit(ofJob: "j") == 7, "\(log)")
            let expected = "data\nset\ndata\none file\ndata\n\(home)|\(Rclone.searchPath)|hush\n\(geteuid())\n"
            #expect(log.contains("sky-agent: a note\n") && log.contains(expected), "\(log)")
            #expect(log.contains("refused\n"), "\(log)")
            #expect(Files.names(in: "\(node.directory)/work/.sky/root/deep").sorted() == ["a", "b"])
            #expect(Files.names(in: home).sorted() == ["go", "mine"])
            #expect(Files.names(in: "\(home)/mine") == ["new"])
        }
    }

    @Test("a target that the node has is hidden from everybody else's view, and is what it was afterwards")
    func hidden() async throws {
        try await use { node, agent, home, _ in
            try Files.makeFolder("\(home)/data")
            try Files.put("\(home)/data/own", [])
            try Files.makeFolder("\(node.directory)/work/d")
            let job = JobSpec(
                id: "j", run: "ls ~/data; echo x > ~/data/x",
                mounts: [JobMount(target: "~/data", source: .node(path: "work/d"))])
            _ = try await agent.submit(job)
            #expect(try await agent.waitForExit(ofJob: "j") == 0)
            #expect(try await agent.wholeLog(ofJob: "j") == "")
            #expect(Files.names(in: "\(home)/data") == ["own"])
            #expect(Files.names(in: "\(node.directory)/work/d") == ["x"])
        }
    }

    @Test("who is let in sees what the job sees")
    func entrance() async throws {
        try await use { node, agent, home, outside in
            try Files.makeFolder("\(node.directory)/work/d")
            let job = JobSpec(
                id: "j", run: "echo here > ~/data/a; echo ready; sleep 1000", environment: ["A": "it's"],
                mounts: [JobMount(target: "~/data", source: .node(path: "work/d"))])
            _ = try await agent.submit(job)
            try await untilReady(agent)
            let visit = ProcessSpawn(
                try TestNode.executable,
                NodeEntrance.agentArguments(
                    directory: node.directory, job: "j", command: "cat \(home)/data/a; pwd; echo $A; exit 7"),
                environment: ["PATH": Rclone.searchPath], standardOutput: .append(path: "\(node.directory)/said"),
                standardError: .append(path: "\(node.directory)/said"))
            #expect(try await visit.start().wait() == .exited(code: 7))
            let said = String(decoding: try Files.read("\(node.directory)/said") ?? [], as: UTF8.self)
            #expect(said == "here\n\(node.directory)/work\nit's\n")
            try await agent.kill(job: "j", grace: .zero)
            #expect(!Files.exists(outside))
        }
    }

    @Test("whose supervisor is killed leaves nothing behind")
    func killed() async throws {
        try await use { node, agent, home, outside in
            try Files.makeFolder("\(node.directory)/work/d")
            let job = JobSpec(
                id: "j", run: "setsid sleep 1000 & echo ready; sleep 1000",
                mounts: [
                    JobMount(target: "~/a/b", source: .node(path: "work/d")),
                    JobMount(target: outside, source: .node(path: "work/d")),
                ])
            _ = try await agent.submit(job)
            try await untilReady(agent)
            kill(try await node.supervisor(of: "j"), SIGKILL)
            #expect(try await agent.waitForExit(ofJob: "j") == 137)
            #expect(Files.names(in: home) == [])
        }
    }

    @Test("a node that is swept after a power cut has nothing left of a job's mounts")
    func swept() async throws {
        try await use { node, agent, home, _ in
            try Files.makeFolder("\(node.directory)/work/d")
            let job = JobSpec(
                id: "j", run: "echo ready; sleep 1000",
                mounts: [JobMount(target: "~/a", source: .node(path: "work/d"))])
            _ = try await agent.submit(job)
            try await untilReady(agent)
            await NodeProcesses(directory: node.directory).cutPower()
            #expect(Files.names(in: home) == ["a"])
            #expect(Sweep(groupFolder: node.directory).killAll().isEmpty)
            #expect(Files.names(in: home) == [])
            try await node.start()
        }
    }

    @Test(
        "a bucket is mounted while the job runs: what is written is in it, and no credentials are anywhere",
        .enabled(if: Rclone.canMount, Comment(rawValue: Rclone.obstacle ?? "")), arguments: [false, true])
    func bucket(isCached: Bool) async throws {
        try await withTemporaryFolder { folder in
            try Files.put("\(folder)/old", "old\n".utf8)
            try await use { node, agent, home, outside in
                #expect(agent.agent.mounts == MountAbility(hasNamespaces: true))
                let append = isCached ? "echo more >> \(outside)/old" : ":"
                let job = JobSpec(
                    id: "j",
                    run: """
                        cat \(outside)/old data/old; echo written > \(outside)/new && mkdir data/deep && cp /bin/sh data/deep/sh
                        \(append); env; cat "$SKY_JOB_DIR"/job.json "$SKY_JOB_DIR"/*.sh; ls "$SKY_JOB_DIR" > list; tr '\\0' ' ' < /proc/$PPID/cmdline
                        """,
                    mounts: [
                        bucket(outside, folder, isCached: isCached, variables: ["RCLONE_ASK": "hush-hush"]),
                        bucket("data", folder, isCached: isCached),
                    ])
                _ = try await agent.submit(job)
                let log = try await agent.wholeLog(ofJob: "j")
                #expect(try await agent.waitForExit(ofJob: "j") == 0, "\(log)")
                #expect(log.contains("sky-agent: s3://some/\(folder) is mounted at \(outside)\n"), "\(log)")
                #expect(log.contains("old\nold\n") && !log.contains("hush-hush"), "\(log)")
                let list = String(decoding: try Files.read("\(node.directory)/work/list") ?? [], as: UTF8.self)
                #expect(list.contains("mount-0.log\n") && !list.contains(".env"), "\(list)")
                #expect(try Files.read("\(folder)/new") == Array("written\n".utf8))
                #expect(try Files.read("\(folder)/deep/sh") == Files.read("/bin/sh"))
                #expect(try Files.read("\(folder)/old") == Array((isCached ? "old\nmore\n" : "old\n").utf8))
                // Where it was mounted there is nothing, for whoever looks from outside.
                #expect(Files.names(in: "\(node.directory)/work/data").isEmpty)
            }
        }
    }

    @Test(
        "a job that is asked to end can still save to its bucket",
        .enabled(if: Rclone.canMount, Comment(rawValue: Rclone.obstacle ?? "")), arguments: [false, true])
    func saving(isCached: Bool) async throws {
        try await withTemporaryFolder { folder in
            try await use { _, agent, _, outside in
                let job = JobSpec(
                    id: "j",
                    run: """
                        trap 'sleep 1; echo saved > \(outside)/checkpoint && exit 9' TERM
                        echo ready; while :; do sleep 0.05; done
                        """,
                    mounts: [bucket(outside, folder, isCached: isCached)])
                _ = try await agent.submit(job)
                try await untilReady(agent)
                let begun = ContinuousClock.now
                try await agent.kill(job: "j", grace: .seconds(120))
                #expect(ContinuousClock.now - begun < .seconds(60))
                let log = try await agent.wholeLog(ofJob: "j")
                #expect(try await agent.waitForExit(ofJob: "j") == 9, "\(log)")
                #expect(try Files.read("\(folder)/checkpoint") == Array("saved\n".utf8))
            }
        }
    }

    @Test(
        "whoever is killed, supervisor, agent or both, no mount and no process is left",
        .enabled(if: Rclone.canMount, Comment(rawValue: Rclone.obstacle ?? "")), arguments: 0..<3)
    func killedWithBucket(whom: Int) async throws {
        try await withTemporaryFolder { folder in
            try Files.put("\(folder)/old", "old\n".utf8)
            try await use { node, agent, _, outside in
                let job = JobSpec(id: "j", run: "echo ready; sleep 1000", mounts: [bucket(outside, folder)])
                _ = try await agent.submit(job)
                try await untilReady(agent)
                let mounters = node.job("j").mounters()
                #expect(mounters.count == 1 && mounters.allSatisfy { ProcessTable.isAlive($0) })
                if whom > 0 { try await node.killAgent() }
                if whom != 1 { kill(try await node.supervisor(of: "j"), SIGKILL) }
                if whom > 0 { try await node.start() }
                let again = try await node.connect()
                if whom == 1 { try await again.kill(job: "j", grace: .seconds(1)) }
                #expect(try await again.waitForExit(ofJob: "j") != 0)
                #expect(mounters.allSatisfy { !ProcessTable.isAlive($0) })
                #expect(Files.names(in: node.job("j").path).allSatisfy { !$0.hasSuffix(".env") })
                #expect(Files.names(in: folder) == ["old"])
                await again.close()
            }
        }
    }

    @Test(
        "a job whose bucket went away with who mounted it fails, and does not wait for ever",
        .enabled(if: Rclone.canMount, Comment(rawValue: Rclone.obstacle ?? "")))
    func mounterDies() async throws {
        try await withTemporaryFolder { folder in
            try await use { _, agent, _, outside in
                let run = "echo a > \(outside)/a; kill -9 $(cat \"$SKY_JOB_DIR\"/mounters); sleep 0.2; true"
                let mount = bucket(outside, folder, isCached: true)
                _ = try await agent.submit(JobSpec(id: "j", run: run, mounts: [mount]))
                #expect(try await agent.waitForExit(ofJob: "j") == 126)
                let log = try await agent.wholeLog(ofJob: "j")
                #expect(log.contains("sky-agent: what was written to a mount may not have arrived"), "\(log)")
            }
        }
    }

    @Test(
        "a bucket that cannot be mounted fails the job before its commands, and the log says why",
        .enabled(if: Rclone.canMount, Comment(rawValue: Rclone.obstacle ?? "")))
    func notThere() async throws {
        try await use { node, agent, _, outside in
            var mount = bucket(outside, "/nowhere")
            mount.source = .bucket(
                BucketMount(url: "s3://some", remote: ":nosuch:x", isCached: false, variables: ["A": "b"]))
            _ = try await agent.submit(JobSpec(id: "j", run: "echo begun", mounts: [mount]))
            #expect(try await agent.waitForExit(ofJob: "j") == 126)
            let log = try await agent.wholeLog(ofJob: "j")
            #expect(log.contains("sky-agent: s3://some cannot be mounted at \(outside)\n"), "\(log)")
            #expect(log.contains("nosuch") && !log.contains("begun"), "\(log)")
            #expect(!Files.exists("\(node.job("j").path)/mount-0.env"))
        }
    }

    @Test("a node without rclone says so from the first, and refuses")
    func refused() async throws {
        try await withTemporaryFolder { empty in
            try await withAgent(environment: ["PATH": empty]) { _, agent in
                #expect(agent.agent.mounts?.bucketObstacle?.contains("it has no rclone") == true)
                let error = await #expect(throws: AgentError.self) {
                    try await agent.submit(JobSpec(id: "j", run: "true", mounts: [bucket("data", empty)]))
                }
                #expect(error?.message.contains("cannot be mounted on this node: it has no rclone") == true)
            }
        }
    }

    /// Some kernels refuse them to all but root.
    static let usersMayHaveNamespaces = [
        ("user/max_user_namespaces", "0"), ("kernel/unprivileged_userns_clone", "0"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1"),
    ].allSatisfy { name, forbids in
        let text = (try? Files.read("/proc/sys/\(name)")) ?? nil
        return String(decoding: text ?? [], as: UTF8.self) != "\(forbids)\n"
    }

    @Test(
        "who is not root gets the same",
        .enabled(if: geteuid() == 0, "only root can be somebody else"),
        arguments: usersMayHaveNamespaces ? [false, true] : [true])
    func asUser(bySudo: Bool) async throws {
        try await withTemporaryFolder { folder in
            let (node, outside) = ("\(folder)/n", "/sky-test-\(UInt32.random(in: 0 ... .max))")
            let job = JobFolder(path: "\(node)/jobs/j")
            try Files.makeFolder("\(node)/work/d")
            try Files.makeFolder(job.path)
            try Files.put("\(node)/work/d/a", "data\n".utf8, mode: 0o644)
            let tools = MountTools(namespaces: bySudo ? .bySudo : .ofUser, rclone: nil, obstacle: "")
            let spec = JobSpec(
                id: "j", run: "",
                mounts: [
                    JobMount(target: "\(outside)/x", source: .node(path: "work/d"), note: "once"),
                    JobMount(target: "/mnt/sky-test/y", source: .node(path: "work/d"), isReadOnly: true),
                    JobMount(target: "~/z", source: .node(path: "work/d")),
                ])
            let scripts = MountScripts(tools: tools, folder: job.path, node: node, job: spec, user: (65534, 65534))
            try Files.put(job.script("mounted"), scripts.outside.utf8)
            try Files.put(job.script("inside"), scripts.inside.utf8)
            let run = """
                cat \(outside)/x/a /mnt/sky-test/y/a ~/z/a; echo > /mnt/sky-test/y/b || echo refused
                echo b > \(outside)/x/b; echo "$LD_LIBRARY_PATH"; id -u
                """
            try Files.put(job.script("run"), run.utf8)
            // Nobody may be root here by sudo: one that root starts plays it.
            let sudo = "#!/bin/sh\nchown 65534 '\(job.path)/variables' && shift && exec env -u LD_LIBRARY_PATH \"$@\"\n"
            try Files.makeFolder("\(folder)/bin")
            try await writeProgram("\(folder)/bin/sudo", sudo)
            let all = "chmod 755 '\(folder)' && chown -R 65534:65534 '\(node)'"
            try #require(await ProcessSpawn("/bin/sh", ["-c", all]).start().wait() == .exited(code: 0))
            let user = ["--reuid=65534", "--regid=65534", "--clear-groups"]
            let end = try await ProcessSpawn(
                bySudo ? "/usr/bin/env" : "setpriv", (bySudo ? [] : user) + ["/bin/sh", job.script("mounted")],
                environment: [
                    "PATH": "\(folder)/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "\(node)/work",
                    "LD_LIBRARY_PATH": "/none/hush",
                ],
                standardOutput: .append(path: "\(folder)/said"), standardError: .append(path: "\(folder)/said")
            ).start().wait()
            let said = String(decoding: try Files.read("\(folder)/said") ?? [], as: UTF8.self)
            #expect(end == .exited(code: 0) && said.hasPrefix("sky-agent: once\ndata\ndata\ndata\n"), "\(said)")
            #expect(said.contains("refused\n") && said.hasSuffix("/none/hush\n65534\n"), "\(said)")
            #expect(Files.names(in: "\(node)/work/d").sorted() == ["a", "b"])
            #expect(!Files.exists(outside) && !Files.exists("/mnt/sky-test"))
            #expect(!Files.exists("\(job.path)/variables"))
        }
    }

    @Test("where nothing can be mounted links stand in for it, and go with the job; what is there stays")
    func links() async throws {
        try await withTemporaryFolder { folder in
            let job = JobFolder(path: "\(folder)/jobs/j")
            try Files.makeFolder("\(folder)/work/d")
            try Files.makeFolder(job.path)
            try Files.put("\(folder)/work/d/a", "data\n".utf8)
            func end(at target: String) async throws -> ProcessEnd {
                let spec = JobSpec(
                    id: "j", run: "", mounts: [JobMount(target: target, source: .node(path: "work/d"))])
                let tools = MountTools(namespaces: .none, rclone: nil, obstacle: "")
                let scripts = MountScripts(tools: tools, folder: job.path, node: folder, job: spec, user: (0, 0))
                try Files.put(job.script("mounted"), scripts.outside.utf8)
                try Files.put(job.script("inside"), scripts.inside.utf8)
                try Files.put(job.script("run"), "cat '\(target)/a'".utf8)
                return try await ProcessSpawn(
                    "/bin/sh", [job.script("mounted")], standardOutput: .append(path: "\(folder)/said"),
                    standardError: .append(path: "\(folder)/said")
                ).start().wait()
            }
            #expect(try await end(at: "\(folder)/far/data") == .exited(code: 0))
            #expect(try Files.read("\(folder)/said") == Array("data\n".utf8))
            MountRemains.clear(job)
            #expect(!Files.exists("\(folder)/far") && Files.exists("\(folder)/work/d/a"))
            #expect(try await end(at: "\(folder)/work") == .exited(code: 126))
            let said = String(decoding: try Files.read("\(folder)/said") ?? [], as: UTF8.self)
            #expect(said.contains("is there on this node"))
        }
    }

    @Test("in a container they are volumes, and links in its home folder")
    func inContainer() {
        let job = JobSpec(
            id: "j", run: "x", image: "a/b",
            mounts: [
                JobMount(target: "/data", source: .node(path: "work/.sky/root/data"), isReadOnly: true, note: "a note"),
                JobMount(target: "live", source: .node(path: "work/live")),
                JobMount(target: "~/conf", source: .node(path: "work/.sky/home/conf")),
            ])
        let scripts = ContainerScripts(
            runtime: ContainerRuntime(kind: .docker, path: "/usr/bin/docker"), image: "a/b", folder: "/n/jobs/j",
            node: "/n", job: job, user: (0, 0))
        #expect(scripts.outside.contains("'--volume' '/n/work/.sky/root/data:/data:ro'"))
        #expect(scripts.outside.contains("'--volume' '/n/work/live:/n/work/live'"))
        #expect(scripts.inside.contains("ln -s '/n/work/.sky/home/conf' \"$HOME\"'/conf' || exit 126"))
        #expect(scripts.inside.contains("echo 'sky-agent: a note' >&2"))
    }
}

import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

extension Tag {
    /// Needs servers of its own on this machine.
    @Tag static var integration: Self
}

/// The pipeline of the README on a rack of hosts, through the built binary: four sshds of this machine.
@Suite("A rack of hosts", .tags(.integration), .serialized, .timeLimit(.minutes(15)))
struct SSHTests {
    /// Pools that are cheaper than any cloud: tickets are read on one, and learnt from on the other. On the hosts we are nobody
    /// in particular.
    private func use(
        isolated: Bool = false, _ body: (SkyUnderTest, SSHFarm) async throws -> Void
    ) async throws {
        try await SSHFarm.use(4, isolated: isolated, withoutRights: true) { farm in
            try Files.makeFolder("\(farm.folder)/run", mode: 0o700)
            try await SkyUnderTest.use { plain in
                var sky = plain.with(["XDG_RUNTIME_DIR": "\(farm.folder)/run"])
                if let network = farm.network { sky = sky.entering(["ip", "netns", "exec", network.client]) }
                try Files.makeFolder("\(sky.home)/config")
                _ = try sky.write(
                    """
                    ssh_config: \(farm.config)
                    pools:
                      desk: {cores: 16, memory: 64, capabilities: [confidential], price: 0.02, hosts: [m1, m2]}
                      rack: {cores: 64, memory: 512, accelerators: "A100:8", price: 0.05, hosts: [m3, m4]}
                    """, as: "config/ssh.yaml")
                try await body(sky, farm)
            }
        }
    }

    private func launchGated(_ sky: SkyUnderTest, _ farm: SSHFarm) async throws -> (run: String, host: SSHFarm.Host) {
        let launch = try await sky(
            "launch", try sky.supportTickets(trainingWaitsFor: "\(farm.folder)/go"), "--yes", "--detach")
        try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
        let run = try sky.runName("support-tickets", in: launch)
        try await sky.wait("train waits") {
            guard try await sky.status(of: run).stage("train").state == "running" else { return false }
            return try await sky("logs", run, "train").output.contains("waiting")
        }
        #expect(try await sky.status(of: run).stage("train").region == "rack")
        return (run, try #require(farm.hosts[2...].first { !$0.processes().isEmpty }))
    }

    /// Nil when it has ended.
    private func owner(of pid: Int32) -> UInt32? {
        let status = (try? Files.read("/proc/\(pid)/status")) ?? nil
        let line = status.flatMap { String(decoding: $0, as: UTF8.self).firstMatch(of: /Uid:\s+([0-9]+)/) }
        return line.flatMap { UInt32($0.1) }
    }

    private func go(_ farm: SSHFarm) throws {
        try Files.replace("\(farm.folder)/go", with: [], durability: .processes)
    }

    @Test("support-tickets: read on one pool, learnt from on another, served by a cloud, and all given back")
    func wholeLife() async throws {
        try await use { sky, farm in
            let check = try await sky("check")
            #expect(check.output.contains("✓ rack/m4: Linux"), "\(check.output)")
            let launch = try await sky("launch", try sky.supportTickets(port: try #require(freePort())), "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("support-tickets", in: launch)
            let status = try await sky.status(of: run)
            #expect(status.state == "serving")
            #expect(status.stages.map(\.provider) == ["ssh", "ssh", "aws"])
            #expect(status.stages.map(\.region).prefix(2) == ["desk", "rack"])
            let logs = try await sky("logs", run, "train")
            let match = try #require(logs.output.firstMatch(of: /accuracy ([0-9.]+)/), "\(logs.output)")
            #expect(try #require(Double(match.1)) > 0.9)
            let ticket = #"{"text": "I was charged twice on my invoice, please refund the payment"}"#
            let url = try #require(try status.stage("serve").url)
            let answer = try await sky.run("/usr/bin/curl", ["-sS", "-d", ticket, "\(url)/classify"])
            #expect(answer.output.contains(#""category""#), "\(answer.output)")
            // What ran on a host is gone as soon as its stage is done.
            for host in farm.hosts { #expect(host.processes().isEmpty) }
            #expect(try await sky("down", run, "--yes").exitCode == 0)
            #expect(try await sky("gc").exitCode == 0)
            // The shared connections stay for some minutes: the next run need not make them.
            let left = sky.processes.filter { !ProcessTable.arguments(of: $0.pid).contains("ControlMaster=yes") }
            #expect(left.isEmpty, "left: \(left)")
        }
    }

    @Test("a host's sshd dies in the middle of a job and comes back: nothing is lost, nothing is done twice")
    func cutLink() async throws {
        try await use { sky, farm in
            let (run, host) = try await launchGated(sky, farm)
            farm.cut(host)
            try await Task.sleep(for: .seconds(7))
            #expect(host.processes().count >= 3, "the agent, the supervisor and the job live on")
            // What the job starts comes and goes while this looks.
            let owners = Set(host.processes().compactMap(owner))
            #expect(farm.worker == nil || owners == Set([farm.worker].compactMap(\.self)), "\(owners)")
            try go(farm)
            try await sky.wait("the job is done, unheard") {
                !host.processes().contains { ProcessTable.arguments(of: $0).contains("train.py") }
            }
            try await farm.boot(host)
            try await sky.wait("it serves") { try await sky.status(of: run).state == "serving" }
            #expect(try await sky.status(of: run).stage("train").attempts == 1)
            let log = try await sky("logs", run, "train")
            #expect(
                log.output.matches(of: /held-out accuracy/).count == 1 && log.output.matches(of: /waiting/).count == 1)
            _ = try await sky("down", run, "--yes")
        }
    }

    @Test(
        "a host is started anew in the middle of a job: it counts as taken away, and the stage is done elsewhere or again"
    )
    func reboot() async throws {
        try await use { sky, farm in
            let (run, host) = try await launchGated(sky, farm)
            farm.crash(host)
            try go(farm)
            try await farm.boot(host)
            try await sky.wait("it serves") { try await sky.status(of: run).state == "serving" }
            let train = try await sky.status(of: run).stage("train")
            #expect(train.attempts == 2 && train.region == "rack", "\(train)")
            _ = try await sky("down", run, "--yes")
            for host in farm.hosts { #expect(host.processes().isEmpty) }
        }
    }

    @Test("a stage that takes a node over finds its own working directory, whatever the one before has left there")
    func takenOver() async throws {
        try await use { sky, farm in
            try Files.makeFolder("\(sky.home)/code/sub")
            for name in ["same", "changed", "sub/removed"] {
                _ = try sky.write("\(name) as it was\n", as: "code/\(name)")
            }
            let pipeline = try sky.write(
                """
                name: relay
                stages:
                  first:
                    workdir: code
                    resources: {infra: ssh/desk}
                    outputs: {out: {size: 1MB}}
                    run: |
                      echo spoilt > changed; rm -r sub; touch extra; chmod 600 same
                      hostname > "$SKY_OUTPUT_OUT"; pwd
                  second:
                    workdir: code
                    resources: {infra: ssh/desk}
                    inputs: {out: first.out}
                    run: cat same changed sub/removed; ls -A; pwd
                """)
            let launch = try await sky("launch", pipeline, "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("relay", in: launch)
            let (first, second) = (
                try await sky("logs", run, "first").output, try await sky("logs", run, "second").output
            )
            let place = try #require(first.split(separator: "\n").last)
            #expect(second.hasSuffix("\(place)\n") || second.contains(place), "the same node: \(first)\(second)")
            #expect(
                second.contains("same as it was\nchanged as it was\nsub/removed as it was\nchanged\nsame\nsub\n"),
                "\(second)")
        }
    }

    @Test(
        "a service that listens on its host's loopback alone is reached from here over the shared connection",
        .enabled(if: FarmNetwork.canBeMade))
    func forwardedService() async throws {
        try await use(isolated: true) { sky, farm in
            let pipeline = try sky.write(
                """
                name: web
                stages:
                  site:
                    resources: {infra: ssh/desk}
                    service: {port: 8080, readiness_probe: /hello}
                    run: |
                      echo there > hello
                      python3 -m http.server --bind 127.0.0.1 "$SKY_SERVICE_PORT"
                """, as: "web.yaml")
            let launch = try await sky("launch", pipeline, "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("web", in: launch)
            let url = try #require(try await sky.status(of: run).stage("site").url)
            let port = try #require(url.wholeMatch(of: /http:\/\/127\.0\.0\.1:(\d+)/), "\(url)")
            #expect(try (20_000..<32_000).contains(#require(Int(port.1))), "\(url)")
            let entry = ["netns", "exec", try #require(farm.network).client, "curl", "-sS", "\(url)/hello"]
            #expect(try await sky.run("/usr/bin/env", ["ip"] + entry).output == "there\n")
            // A connection that is made anew leads there again.
            let host = try #require(farm.hosts.first { !$0.processes().isEmpty })
            farm.cut(host)
            try await farm.boot(host)
            try await sky.wait("it can be reached again") {
                try await sky.run("/usr/bin/env", ["ip"] + entry).output == "there\n"
            }
            #expect(try await sky("down", run, "--yes").exitCode == 0)
        }
    }

    @Test("while another run has the only host, a stage waits for it and says so; then it runs there")
    func pending() async throws {
        try await use { sky, farm in
            _ = try sky.write(
                """
                ssh_config: \(farm.config)
                pools:
                  desk: {cores: 16, memory: 64, hosts: [m1]}
                """, as: "config/ssh.yaml")
            func pipeline(_ name: String, _ command: String) throws -> String {
                try sky.write(
                    """
                    name: \(name)
                    stages:
                      only:
                        resources: {infra: ssh/desk}
                        run: "\(command)"
                    """, as: "\(name).yaml")
            }
            let first = try await sky(
                "launch", try pipeline("first", "until [ -e \(farm.folder)/go ]; do sleep 0.1; done"), "--yes",
                "--detach")
            let holder = try sky.runName("first", in: first)
            try await sky.wait("it runs") { try await sky.status(of: holder).stage("only").state == "running" }
            let second = try await sky("launch", try pipeline("second", "echo mine"), "--yes", "--detach")
            let waiter = try sky.runName("second", in: second)
            try await sky.wait("the reason is shown") {
                try await sky("status", waiter).output.contains(
                    "waits for a host of pool desk (desk/m1: held by \(holder)")
            }
            try go(farm)
            try await sky.wait("it is done") { try await sky.status(of: waiter).state == "succeeded" }
            #expect(try await sky.status(of: waiter).stage("only").attempts == 1)
            #expect(farm.hosts[0].processes().isEmpty)
        }
    }

    @Test("what a stage has saved is fetched from its host, and is where its next try begins")
    func checkpoint() async throws {
        try await use { sky, farm in
            let pipeline = try sky.write(CountingPipeline.text("{infra: ssh/desk}"))
            let launch = try await sky("launch", pipeline, "--yes", "--detach")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("count", in: launch)
            try await CountingPipeline.waitUntilSaved(run, sky)
            let host = try #require(farm.hosts.first { !$0.processes().isEmpty })
            farm.crash(host)
            try await farm.boot(host)
            try await sky.wait("it is done") { try await sky.status(of: run).state == "succeeded" }
            #expect(try await sky.status(of: run).stage("count").attempts == 2)
            let log = try await sky("logs", run, "count").output
            #expect(log.contains("from 7"), "\(log)")
        }
    }

    @Test(
        "in networks of their own: a cable is pulled in the middle of a job and plugged in again, and nothing is lost",
        .enabled(if: FarmNetwork.canBeMade, "only root may make network namespaces, and only with ip(8)"))
    func pulledCable() async throws {
        try await use(isolated: true) { sky, farm in
            let network = try #require(farm.network)
            let (run, host) = try await launchGated(sky, farm)
            let number = try #require(Int(host.name.dropFirst()))
            try await network.setCable(of: number, isIn: false)
            try go(farm)
            try await sky.wait("the job is done, unheard") {
                !host.processes().contains { ProcessTable.arguments(of: $0).contains("train.py") }
            }
            // Longer than it takes until a dead link is known to be.
            try await Task.sleep(for: .seconds(20))
            #expect(try await sky.status(of: run).stage("train").state == "running")
            try await network.setCable(of: number, isIn: true)
            try await sky.wait("it serves") { try await sky.status(of: run).state == "serving" }
            #expect(try await sky.status(of: run).stage("train").attempts == 1)
            let log = try await sky("logs", run, "train")
            #expect(log.output.matches(of: /held-out accuracy/).count == 1)
            _ = try await sky("down", run, "--yes")
            for host in farm.hosts { #expect(host.processes().isEmpty) }
        }
    }

    @Test("sky provider test ssh keeps all of it; a stranger with the same ssh.yaml finds and gives back what is left")
    func providerTest() async throws {
        try await use { sky, farm in
            let answer = try await sky("provider", "test", "ssh", "--yes")
            #expect(answer.exitCode == 0, "\(answer.output)\(answer.errors)")
            let (run, host) = try await launchGated(sky, farm)
            for driver in sky.processes(whoseCommandHas: "driver \(run)") { _ = kill(driver, SIGKILL) }
            try Disk.remove("\(sky.home)/state")
            let garbage = try await sky("gc", "--yes")
            #expect(garbage.output.contains(run), "\(garbage.output)\(garbage.errors)")
            #expect(host.processes().isEmpty)
        }
    }
}

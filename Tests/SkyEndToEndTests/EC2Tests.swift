import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// `sky`, as a person types it, renting from AWS as moto plays it: sshds of this machine stand for the instances.
@Suite(
    "Machines of EC2", .tags(.integration), .serialized, .timeLimit(.minutes(20)),
    .enabled(if: LoopbackMoto.canRun, Comment(rawValue: LoopbackMoto.obstacle ?? "")))
struct EC2Tests {
    private func use(
        _ hosts: Int, _ body: (SkyUnderTest, LoopbackMoto, SSHFarm) async throws -> Void
    ) async throws {
        let moto = try await LoopbackMoto.shared()
        try moto.reset()
        try await SSHFarm.use(hosts) { farm in
            try moto.stand(farm.hosts)
            try Files.makeFolder("\(farm.folder)/run", mode: 0o700)
            try await SkyUnderTest.use { plain in
                try Files.makeFolder("\(plain.home)/config")
                _ = try plain.write(
                    """
                    aws:
                      profile: rent
                      endpoint: \(moto.url)
                      ssh_config: \(try moto.sshConfig(in: farm.folder))
                      ssh_key: \(farm.folder)/id
                      user: \(String(cString: getpwuid(getuid()).pointee.pw_name))
                      power_off: '\(moto.powerOff)'
                    """, as: "config/clouds.yaml")
                let credentials = try plain.write(
                    """
                    [rent]
                    aws_access_key_id = \(moto.accessKey)
                    aws_secret_access_key = \(moto.secretKey)
                    region = us-east-1
                    [store]
                    aws_access_key_id = \(LoopbackS3.accessKey)
                    aws_secret_access_key = \(LoopbackS3.secretKey)
                    """, as: "credentials")
                let sky = plain.with([
                    "XDG_RUNTIME_DIR": "\(farm.folder)/run", "AWS_SHARED_CREDENTIALS_FILE": credentials,
                    "AWS_CONFIG_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true",
                ])
                try await body(sky, moto, farm)
                #expect(try moto.invalidRequests() == [])
            }
            try moto.reset()
        }
    }

    /// The groups are made once for all machines, and cost nothing.
    private func expectNothingLeft(_ moto: LoopbackMoto, _ farm: SSHFarm, port: Int? = nil) throws {
        let state = try moto.state()
        #expect(state.alive.isEmpty && state.volumes == 0 && state.placement.isEmpty)
        #expect(Set(state.groups).isSubset(of: ["sky-nodes"] + (port.map { ["sky-port-\($0)"] } ?? [])))
        #expect(farm.hosts.flatMap { $0.processes() } == [])
    }

    @Test("sky provider test aws: all of it is kept, and nothing is left")
    func conformance() async throws {
        try await use(3) { sky, moto, farm in
            let answer = try await sky("provider", "test", "aws", "--yes", "--output", "json")
            #expect(answer.exitCode == 0, "\(answer.output)\(answer.errors)")
            try expectNothingLeft(moto, farm)
            #expect(try await sky("gc").exitCode == 0)
        }
    }

    @Test(
        "support-tickets: served by a machine of EC2, artifacts in buckets of two clouds, and all given back",
        .enabled(if: LoopbackS3.canRun, Comment(rawValue: LoopbackS3.obstacle ?? "")))
    func wholeLife() async throws {
        let (first, second) = (try await LoopbackS3.shared(), try await LoopbackS3.another())
        try await use(2) { sky, moto, farm in
            let bucket = "life-\(UInt32.random(in: 0 ... .max))"
            try await StorageTests.makeBucket(bucket, sky, first)
            try await StorageTests.makeBucket(bucket, sky, second)
            let stores = [("azure", first), ("gcp", second), ("aws", first)].map { name, server in
                "  \(name): {bucket: s3://\(bucket)/\(name)/, endpoint: \(server.url), region: us-east-1, profile: store}"
            }
            _ = try sky.write("stores:\n\(stores.joined(separator: "\n"))\n", as: "config/stores.yaml")
            let port = try #require(freePort())
            let launch = try await sky("launch", try sky.supportTickets(port: port), "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("support-tickets", in: launch)
            let status = try await sky.status(of: run)
            #expect(status.stages.map(\.provider) == ["azure", "gcp", "aws"])
            let machine = try #require(try moto.state().alive.first)
            #expect(machine.type.hasPrefix("inf2") && machine.tags["sky-run"] == run)
            #expect(farm.hosts.contains { !$0.processes().isEmpty })
            let ticket = #"{"text": "I was charged twice on my invoice, please refund the payment"}"#
            let url = try #require(try status.stage("serve").url)
            let answer = try await sky.run("/usr/bin/curl", ["-sS", "-d", ticket, "\(url)/classify"])
            #expect(answer.output.contains(#""category""#), "\(answer.output)\(answer.errors)")
            try await expectNoSecrets(sky, farm, [moto.secretKey, LoopbackS3.secretKey])
            let down = try await sky("down", run, "--yes")
            #expect(down.exitCode == 0, "\(down.errors)")
            try expectNothingLeft(moto, farm, port: port)
            #expect(try await sky("gc").exitCode == 0)
        }
    }

    /// Neither on a node nor in what is written down here.
    private func expectNoSecrets(_ sky: SkyUnderTest, _ farm: SSHFarm, _ secrets: [String]) async throws {
        for folder in farm.hosts.map(\.home) + ["\(sky.home)/state"] {
            for secret in secrets {
                let found = try await sky.run("/usr/bin/grep", ["-rlF", secret, folder])
                #expect(found.output.isEmpty, "\(found.output)")
            }
        }
    }

    private func service(port: Int) -> String {
        """
        name: answer
        stages:
          serve:
            resources: {infra: aws/us-east-1, cpus: 2+}
            service: {port: \(port), readiness_probe: /}
            run: exec python3 -m http.server $SKY_SERVICE_PORT
        """
    }

    @Test("sky stop keeps the disk and no machine, sky start serves again on the same one, and sky down leaves nothing")
    func stopAndStart() async throws {
        try await use(2) { sky, moto, farm in
            let port = try #require(freePort())
            let launch = try await sky("launch", try sky.write(service(port: port)), "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("answer", in: launch)
            let machine = try #require(try moto.state().alive.first)
            let stop = try await sky("stop", run, "--yes")
            #expect(stop.exitCode == 0, "\(stop.output)\(stop.errors)")
            #expect(stop.errors.contains("is stopped, and its disks are kept"), "\(stop.errors)")
            var state = try moto.state()
            #expect(state.alive.isEmpty && state.volumes == 1)
            #expect(farm.hosts.flatMap { $0.processes() } == [])
            #expect(try await sky("gc").exitCode == 0, "what a stopped run keeps is nobody's garbage")
            let stopped = try await sky.status(of: run)
            #expect(stopped.state == "stopped")

            let start = try await sky("start", run)
            #expect(start.exitCode == 0, "\(start.output)\(start.errors)")
            state = try moto.state()
            #expect(state.alive.map(\.id) == [machine.id] && state.instances.count == 1)
            #expect(state.alive.first?.address != machine.address)
            let url = try #require(try await sky.status(of: run).stage("serve").url)
            #expect(try await sky.run("/usr/bin/curl", ["-sS", url]).output.contains("Directory listing"))

            // No capacity the next time: it is given back, and another one rented.
            #expect(try await sky("stop", run, "--yes").exitCode == 0)
            try moto.fail(.init("StartInstances", code: "InsufficientInstanceCapacity", status: 500, times: 99))
            let again = try await sky("start", run)
            #expect(again.exitCode == 0, "\(again.output)\(again.errors)")
            state = try moto.state()
            #expect(state.alive.count == 1 && state.alive.first?.id != machine.id && state.volumes == 1)

            #expect(try await sky("stop", run, "--yes").exitCode == 0)
            let down = try await sky("down", run, "--yes")
            #expect(down.exitCode == 0, "\(down.errors)")
            try expectNothingLeft(moto, farm, port: port)
        }
    }

    @Test(
        "the broker is killed between the calls of a stop and of a start: the same command goes on, on the same machine"
    )
    func killedWhileStopping() async throws {
        try await use(2) { sky, moto, farm in
            let port = try #require(freePort())
            let launch = try await sky("launch", try sky.write(service(port: port)), "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("answer", in: launch)
            for call in 1...4 {
                for (command, state) in [("stop", "stopped"), ("start", "serving")] {
                    _ = try moto.held(HeldCall(call, call % 2 == 0 ? .before : .after, from: "tag:sky-token"))
                    let begin =
                        command == "stop" ? ["stop", run, "--yes", "--wait", "0s"] : ["start", run, "--detach"]
                    _ = try await sky.run(sky.binary, begin)
                    try await sky.wait("call \(call) of \(command) comes, or it is done") {
                        try await moto.held().is_held ? true : sky.status(of: run).state == state
                    }
                    _ = sky.kill(whoseCommandHas: "driver \(run)")
                    _ = try moto.held(HeldCall.none)
                    let again = try await sky.run(
                        sky.binary, command == "stop" ? ["stop", run, "--yes"] : ["start", run])
                    #expect(again.exitCode == 0, "call \(call): \(again.output)\(again.errors)")
                    #expect(try await sky.status(of: run).state == state, "call \(call) of \(command)")
                    let there = try moto.state()
                    #expect(there.instances.count == 1 && there.alive.count == (command == "stop" ? 0 : 1))
                }
            }
            #expect(try await sky("down", run, "--yes").exitCode == 0)
            try expectNothingLeft(moto, farm, port: port)
        }
    }

    @Test("the broker is killed between any two calls of a launch: never two machines, and none is left")
    func killedAnywhere() async throws {
        try await use(2) { sky, moto, farm in
            // What is made once for all machines is not there yet at the first launch alone; the calls are the same.
            let kills = try await KilledLaunches(
                sky: sky, cloud: moto, resources: "{infra: aws/us-east-1, cpus: 2+}", from: "tag:sky-token"
            ).everywhere(named: ["^RunInstances", "^TerminateInstances"]) { try expectNothingLeft(moto, farm) }
            #expect(kills > 12, "a launch has more calls, however few looks it takes")
        }
    }
}

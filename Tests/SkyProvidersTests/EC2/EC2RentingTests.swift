import SkyCore
import SkyTestSupport
import Testing

@testable import SkyProviders

extension EC2Suite {
    @Suite("Renting machines of EC2") struct Renting {
        @Test("a group is made once, however often it is asked for, and its machines have their ranks and tags")
        func once() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud()
                var wanted = try request("gang", nodes: 3)
                wanted.labels = ["team": "search & rescue", "Name": "x"]
                for _ in 0..<3 { try await cloud.create(world.order(wanted)) }
                let machines = try await cloud.machines(of: world.group("gang"))
                #expect(machines.map(\.rank) == [0, 1, 2])
                #expect(machines.allSatisfy { $0.numNodes == 3 && $0.run == wanted.run && $0.state == .running })
                let made = try world.moto.state().alive
                #expect(made.count == 3)
                #expect(made.allSatisfy { $0.tags["team"] == "search & rescue" && $0.tags["Name"] == "x" })
                #expect(try world.changes().filter { $0 == "RunInstances" }.count == 1)
                try await world.remove("gang", cloud)
                #expect(try world.moto.state().alive.isEmpty)
                #expect(try world.moto.state().volumes == 0)
                #expect(Set(try world.moto.state().groups) == ["sky-nodes"])
            }
        }

        @Test("an order whose answer is lost is the same order again, and nothing is made twice")
        func lostAnswer() async throws {
            try await EC2UnderTest.use { world in
                try world.moto.fail(.init("RunInstances", mode: "lost"))
                try world.moto.set(["lag": 2])
                try await world.cloud().create(world.order(try request("one")))
                #expect(try world.moto.state().alive.count == 1)
                #expect(try world.changes().filter { $0 == "RunInstances" }.count == 2)
                // Another process, to which lists do not tell of it yet.
                try await world.cloud().create(world.order(try request("one")))
                #expect(try world.moto.state().alive.count == 1)
            }
        }

        @Test("a group that is given back at once is found although lists do not have it yet")
        func fresh() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud()
                try world.moto.set(["lag": 1])
                try await cloud.create(world.order(try request("one")))
                try await world.remove("one", cloud)
                #expect(try world.moto.state().alive.isEmpty)
            }
        }

        @Test("a token whose machines have ended is given new ones")
        func again() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud()
                for _ in 0..<2 {
                    try await cloud.create(world.order(try request("one")))
                    #expect(try world.moto.state().alive.count == 1)
                    try await world.remove("one", cloud)
                }
                #expect(try world.moto.state().instances.count == 2)
            }
        }

        @Test("a spot machine is told of before it is taken, and why it was")
        func interruption() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud()
                try await cloud.create(world.order(try request("spot", spot: true)))
                let machine = try #require(try await cloud.machines(of: world.group("spot")).first)
                #expect(machine.isSpot && machine.interruptionAt == nil)
                let told = SystemScriptClock().now()
                try world.moto.interrupt(machine.id, notice: 3600)
                let noticed = try #require(try await cloud.machines(of: world.group("spot")).first)
                #expect(noticed.state == .running)
                let moment = try #require(noticed.interruptionAt)
                let now = SystemScriptClock().now()
                #expect(((told + .seconds(119))...(now + .seconds(121))).contains(moment))
                try world.moto.interrupt(machine.id, notice: 0)
                var taken = noticed
                while taken.state != .ended {
                    taken = try #require(try await cloud.machines(of: world.group("spot")).first)
                }
                #expect(taken.failure == .noCapacity)
                #expect(taken.reason?.contains("instance-terminated-no-capacity") == true, "\(taken.reason ?? "")")
            }
        }

        @Test("a machine that never came up says of what kind that was")
        func neverRan() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud()
                try await cloud.create(world.order(try request("one")))
                let id = try #require(try world.moto.state().alive.first?.id)
                try world.moto.end(id, code: "Client.VolumeLimitExceeded", message: "Volume limit exceeded")
                let machine = try #require(try await cloud.machines(of: world.group("one")).first)
                #expect(
                    machine.failure == .quota && machine.reason == "Client.VolumeLimitExceeded: Volume limit exceeded")
            }
        }

        @Test("lists come in pages, and a run's list has no other's machines")
        func lists() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud(pageSize: 5)
                for number in 0..<7 {
                    try await cloud.create(
                        world.order(try request("g\(number)", run: number < 4 ? "a" : "b", nodes: 2)))
                }
                #expect(try await cloud.machines(ofRun: nil).count == 14)
                #expect(try await cloud.machines(ofRun: RunID("a")).count == 8)
                #expect(try await cloud.machines(of: world.group("g3")).count == 2)
            }
        }

        @Test("all regions are looked through, and those that are closed are passed over")
        func regions() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud(world.settings { $0.regions = nil })
                var there = try request("far")
                there.region = "eu-central-1"
                try await cloud.create(world.order(there))
                var rule = LoopbackMoto.Rule("DescribeInstances", code: "AuthFailure", status: 401, times: 9)
                rule.message = "AWS was not able to validate the provided access credentials"
                rule.region = "af-south-1"
                try world.moto.fail(rule)
                #expect(try await cloud.machines(ofRun: nil).map(\.region) == ["eu-central-1"])
                #expect(try await cloud.machines(of: MachineGroupName(token: "far")).count == 1)
                #expect(try await !cloud.remove(MachineGroupName(token: "far")))
                #expect(try await cloud.remove(MachineGroupName(token: "far")))
            }
        }

        @Test("a gang of machines with a fabric is put close together, and its placement group goes with it")
        func placement() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud()
                try await cloud.create(world.order(try request("gang", type: "p4d.24xlarge", nodes: 2)))
                #expect(try world.moto.state().placement.count == 1)
                let call = try #require(try world.moto.calls().first { $0.action == "RunInstances" }).parameters
                #expect(call["Placement.GroupName"]?.hasPrefix("sky-") == true)
                #expect(call["NetworkInterface.1.InterfaceType"] == "efa")
                #expect(try world.changes().contains("AuthorizeSecurityGroupEgress"))
                try await world.remove("gang", cloud)
                #expect(try world.moto.state().placement.isEmpty)
            }
        }

        @Test("a placement group that was made for machines that never were is given back too")
        func orphanedPlacement() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud()
                try world.moto.fail(.init("RunInstances", code: "InsufficientInstanceCapacity", status: 500))
                let kind = await refusal {
                    try await cloud.create(world.order(try request("gang", type: "p4d.24xlarge", nodes: 2)))
                }
                #expect(kind == .noCapacity)
                #expect(try world.moto.state().placement.count == 1)
                try await world.remove("gang", cloud)
                #expect(try world.moto.state().placement.isEmpty)
            }
        }

        @Test("a service's port has a group of its own, and many that come at once make each group once")
        func ports() async throws {
            try await EC2UnderTest.use { world in
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for number in 0..<6 {
                        let cloud = try world.cloud()
                        tasks.addTask {
                            try await cloud.create(world.order(try request("g\(number)", port: 8080)))
                        }
                    }
                    try await tasks.waitForAll()
                }
                #expect(try world.moto.state().groups.sorted() == ["sky-nodes", "sky-port-8080"])
                #expect(try world.moto.state().alive.count == 6)
            }
        }

        @Test("confidential machines are asked for with SEV-SNP, and never had without")
        func confidential() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud()
                var wanted = try request("one", type: "m6a.large")
                wanted.capabilities = ["confidential"]
                try await cloud.create(world.order(wanted))
                let call = try #require(try world.moto.calls().first { $0.action == "RunInstances" }).parameters
                #expect(call["CpuOptions.AmdSevSnp"] == "enabled")
                wanted.token = "two"
                wanted.instanceType = "m5.large"
                #expect(await refusal { try await cloud.create(world.order(wanted)) } == .noCapacity)
                #expect(try world.moto.state().alive.count == 1)
            }
        }

        @Test("zones are taken by both of their names, and one without a subnet has no room")
        func zones() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud()
                for (token, zone) in [("a", "us-east-1c"), ("b", "use1-az2")] {
                    var wanted = try request(token)
                    wanted.zone = zone
                    try await cloud.create(world.order(wanted))
                    let machine = try #require(try await cloud.machines(of: world.group(token)).first)
                    #expect(token == "b" || machine.zone == "us-east-1c")
                    #expect(machine.publicAddress != nil)
                }
                var wanted = try request("c")
                wanted.zone = "us-east-1z"
                #expect(await refusal { try await cloud.create(world.order(wanted)) } == .noCapacity)
            }
        }
    }
}

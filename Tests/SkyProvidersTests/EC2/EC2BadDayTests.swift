import Glibc
import SkyAWS
import SkyCore
import SkyHTTP
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

extension EC2Suite {
    @Suite("Bad days of EC2") struct BadDays {
        private static let refusals: [(String, Int, ProviderError.Kind)] = [
            ("InsufficientInstanceCapacity", 500, .noCapacity), ("VcpuLimitExceeded", 400, .quota),
            ("MaxSpotInstanceCountExceeded", 400, .quota), ("InsufficientFreeAddressesInSubnet", 400, .noCapacity),
            ("UnauthorizedOperation", 403, .credentials), ("OptInRequired", 401, .quota),
            ("InvalidParameterCombination", 400, .badRequest), ("SomethingNew", 400, .transient),
            ("Server.InsufficientInstanceCapacity", 500, .noCapacity),
        ]

        @Test("an order that is refused says of what kind that is, and is not repeated", arguments: refusals)
        func refused(code: String, status: Int, kind: ProviderError.Kind) async throws {
            try await EC2UnderTest.use { world in
                var rule = LoopbackMoto.Rule("RunInstances", code: code, status: status, times: 9)
                rule.message = "there is nothing left in us-east-1a"
                try world.moto.fail(rule)
                do {
                    try await world.cloud().create(world.order(try request("one")))
                    Issue.record("it was made")
                } catch let error as ProviderError {
                    #expect(error.kind == kind)
                    #expect(error.message.contains(code) && error.message.contains("nothing left in us-east-1a"))
                }
                #expect(try world.changes().filter { $0 == "RunInstances" }.count == 1)
                #expect(try world.moto.state().alive.isEmpty)
            }
        }

        @Test(
            "passing trouble passes, and nothing is made twice",
            arguments: ["RequestLimitExceeded 503", "Unavailable 503", "InternalError 500", "html", "lost"])
        func passing(what: String) async throws {
            try await EC2UnderTest.use { world in
                let words = what.split(separator: " ").map(String.init)
                for action in ["DescribeInstances", "RunInstances", "DescribeSubnets", "CreateSecurityGroup"] {
                    var rule = LoopbackMoto.Rule(action, mode: words.count == 2 ? "error" : words[0])
                    if words.count == 2 { (rule.code, rule.status) = (words[0], Int(words[1]) ?? 500) }
                    try world.moto.fail(rule)
                }
                let cloud = try world.cloud()
                try await cloud.create(world.order(try request("one")))
                #expect(try world.moto.state().alive.count == 1)
                try await world.remove("one", cloud)
            }
        }

        @Test("keys that are wrong are told as such, without being shown")
        func wrongKeys() async throws {
            try await EC2UnderTest.use { world in
                let environment = world.moto.environment.merging(["AWS_SECRET_ACCESS_KEY": "wr0ng"]) { $1 }
                let surroundings = AWSSurroundings(
                    environment: environment, caller: HTTPCaller(), now: { SystemScriptClock().now() })
                let cloud = EC2Cloud(
                    provider: "aws", settings: world.settings(), identity: try AWSSettings(in: surroundings),
                    errors: try ErrorTable.read("aws", in: EC2UnderTest.providers))
                do {
                    _ = try await cloud.machines(ofRun: nil)
                    Issue.record("let in")
                } catch let error as ProviderError {
                    #expect(error.kind == .credentials && !error.message.contains("wr0ng"), "\(error)")
                }
            }
        }

        @Test("a right that is missing is told as such")
        func missingRight() async throws {
            try await EC2UnderTest.use { world in
                try world.moto.fail(.init("DescribeImages", code: "UnauthorizedOperation", status: 403))
                #expect(
                    await refusal { try await world.cloud().create(world.order(try request("one"))) } == .credentials)
            }
        }

        @Test("a security group that somebody has deleted is made anew")
        func deletedGroup() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud()
                try await cloud.create(world.order(try request("one")))
                try world.moto.fail(.init("RunInstances", code: "InvalidGroup.NotFound"))
                #expect(await refusal { try await cloud.create(world.order(try request("two"))) } == .transient)
                try await cloud.create(world.order(try request("two")))
                #expect(try world.moto.calls().filter { $0.action == "DescribeSecurityGroups" }.count == 2)
            }
        }

        @Test(
            "an account that may not have what is wanted is told so before, with where to ask; silence is no obstacle")
        func quotas() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud()
                let wanted = [try request("a", type: "m5.large", nodes: 3), try request("b", type: "c5.4xlarge")]
                #expect(try await cloud.obstacles(to: wanted).isEmpty)
                try world.moto.setQuotas(["L-1216C47A": 21, "L-34B43A08": 64])
                let obstacles = try await cloud.obstacles(to: wanted)
                #expect(obstacles.count == 1)
                #expect(obstacles.first?.contains("need 22 on-demand vCPUs, and the account may have 21") == true)
                #expect(obstacles.first?.hasSuffix("/servicequotas/home/services/ec2/quotas/L-1216C47A") == true)
                #expect(
                    try await cloud.obstacles(to: [try request("a", type: "m5.large", spot: true, nodes: 3)]).isEmpty)
                try world.moto.fail(.init("GetServiceQuota", code: "AccessDeniedException"))
                #expect(try await cloud.obstacles(to: wanted).isEmpty)
            }
        }

        @Test("the account says who it takes us for")
        func identity() async throws {
            try await EC2UnderTest.use { world in
                let identity = try await world.cloud().identity()
                #expect(identity.name == "arn:aws:iam::123456789012:user/sky" && identity.account == "123456789012")
                #expect(identity.source == "AWS_ACCESS_KEY_ID" && identity.regions?.contains("us-east-1") == true)
            }
        }

        @Test("many groups that are looked at in one moment cost few calls")
        func batches() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud()
                for number in 0..<20 { try await cloud.create(world.order(try request("g\(number)"))) }
                let before = try world.moto.calls().count
                try await withThrowingTaskGroup(of: Int.self) { tasks in
                    for number in 0..<20 {
                        tasks.addTask { try await cloud.machines(of: world.group("g\(number)")).count }
                    }
                    for try await count in tasks { #expect(count == 1) }
                }
                #expect(try world.moto.calls().count - before <= 3)
            }
        }
    }

    @Suite("The contract, kept by EC2") struct Conformance {
        @Test("the conformance kit passes, and nothing is left")
        func kit() async throws {
            try await EC2WithMachines.use(3) { under in
                let adapter = try under.adapter()
                let kit = try #require(
                    ConformanceKit(adapter, region: "us-east-1", instanceType: "m5.large", nonce: "t1"))
                for check in ConformanceKit.checks {
                    #expect(await kit.perform(check) == .kept, "\(check.id)")
                    #expect(try under.world.moto.state().alive.isEmpty, "\(check.id)")
                    #expect(under.farm.hosts.flatMap { $0.processes() } == [], "\(check.id)")
                }
                #expect(try under.world.moto.state().volumes == 0)
            }
        }

        @Test("host keys come from the console, once the machine has said them, and no other key is trusted")
        func hostKeys() async throws {
            try await EC2WithMachines.use(2) { under in
                try under.world.moto.set(["boot": 0.5, "console": 1])
                let group = try await under.adapter().provision(try request("one"))
                let folder = "\(under.state)/a/nodes/aws/.ssh"
                let file = "\(folder)/known_hosts.sky-\(group.nodes[0].id)"
                let known = String(decoding: try #require(try Files.read(file)), as: UTF8.self)
                #expect(known.hasPrefix("sky-\(group.nodes[0].id) ssh-ed25519 "))
                // Another machine's key, as whoever stands in between would show it.
                let other =
                    "sky-\(group.nodes[0].id) ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                try Files.replace(file, with: other.utf8, durability: .processes)
                for name in Files.names(in: "\(under.farm.folder)/run/sky-ssh") where !name.contains("lock") {
                    unlink("\(under.farm.folder)/run/sky-ssh/\(name)")
                }
                let adapter = try under.adapter()
                let kind = await refusal { _ = try await adapter.channel(group).connect() }
                #expect(kind == .credentials)
                try await adapter.terminate(token: "one")
            }
        }

        @Test("a broker that knows nothing finds the group by its tags, reaches it, and gives it back")
        func otherBroker() async throws {
            try await EC2WithMachines.use(2) { under in
                let group = try await under.adapter().provision(try request("gang", nodes: 2))
                let stranger = try under.adapter(broker: "b")
                #expect(try await stranger.list(run: nil).map(\.token) == ["gang"])
                let known = try #require(try await stranger.describe(token: "gang"))
                #expect(known.nodes.map(\.id) == group.nodes.map(\.id))
                await (try await stranger.channel(known).connect()).close()
                try await stranger.terminate(token: "gang")
                #expect(try under.world.moto.state().alive.isEmpty)
            }
        }

        @Test("a machine that gives itself back when its lease has run out is gone from the cloud")
        func lease() async throws {
            try await EC2WithMachines.use(1) { under in
                let adapter = try under.adapter()
                _ = try await adapter.provision(try request("one", lease: .seconds(3)))
                #expect(try under.world.moto.state().alive.count == 1)
                for _ in 0..<400 where try !under.world.moto.state().alive.isEmpty {
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(try under.world.moto.state().alive.isEmpty)
                #expect(try await adapter.describe(token: "one")?.state == .lost)
                try await adapter.terminate(token: "one")
            }
        }
    }
}

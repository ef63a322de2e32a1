import Glibc
import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("The agent and files on their way to a host", .tags(.integration), .serialized, .timeLimit(.minutes(10)))
struct SSHAgentDeliveryTests {
    @Test("half an agent that a broken link has left is gone on with, and a damaged one is not believed")
    func resumed() async throws {
        try await SSHUnderTest.use(1) { world in
            let adapter = try world.adapter()
            let host = world.farm.hosts[0]
            _ = try await adapter.provision(try world.request("a"))
            try await adapter.terminate(token: "a")
            let agents = "\(host.home)/.sky-host/agents"
            let digest = try #require(Files.names(in: agents).first)
            let packed = try #require(try Files.read("\(world.state)/a/nodes/ssh/.agents/\(digest).gz"))
            let half = Array(packed.prefix(packed.count / 2))
            for (name, start) in [("b", half), ("c", half.map { ~$0 })] {
                try Disk.remove("\(agents)/\(digest)")
                let part = try "\(agents)/\(digest).\(adapter.session(adapter.pools.hosts[0]).delivery.ownName).gz.part"
                try Files.replace(part, with: start, durability: .processes)
                if name == "c" {
                    let failure = await refusal {
                        _ = try await adapter.provision(try world.request(name))
                    }
                    #expect(failure == .transient)
                }
                _ = try await adapter.provision(try world.request(name))
                try await adapter.terminate(token: name)
                #expect(Files.names(in: agents) == [digest])
                #expect(try SHA256.hex(SHA256.digest(ofFile: "\(agents)/\(digest)/sky-agent")) == digest)
            }
        }
    }

    @Test("a host for which no agent is here says which file would be one")
    func architecture() async throws {
        let agents = AgentPrograms(agentExecutable: "/nowhere/sky-agent", cache: "/nowhere")
        await #expect(
            throws: SSHFailure.noAgent(
                architecture: "aarch64", wanted: "/nowhere/sky-agent-linux-aarch64")
        ) { _ = try await agents.program(for: AgentPrograms.architecture(of: "arm64")) }
    }

    @Test("an agent that does not run there is told so, with what to build")
    func unusable() async throws {
        try await SSHUnderTest.use(1) { world in
            let broken = "\(world.state)/sky-agent"
            try Files.replace(
                broken, with: Array("#!/bin/sh\necho no >&2; exit 1\n".utf8), mode: 0o755, durability: .processes)
            do {
                _ = try await world.adapter(agent: broken).provision(try world.request("a"))
                Issue.record("it ran")
            } catch let error as ProviderError {
                #expect(error.kind == .badRequest)
                #expect(error.message.contains("scripts/build-release.sh"), "\(error.message)")
            }
        }
    }

    @Test("a key that is not known, and one that has changed, are refused and say what to type")
    func keys() async throws {
        try await SSHUnderTest.use(1) { world in
            let known = "\(world.farm.folder)/known_hosts"
            let line = String(decoding: try #require(try Files.read(known)), as: UTF8.self)
            try Files.replace(known, with: [], durability: .processes)
            let first = try #require(try await world.adapter().probe().first)
            #expect(
                !first.answers && first.message.contains("is not known") && first.message.contains("answer yes"),
                "\(first)")
            let other = try #require(try Files.read("\(world.farm.folder)/id.pub"))
            let key = String(decoding: other, as: UTF8.self).split(separator: " ").prefix(2).joined(separator: " ")
            try Files.replace(known, with: Array("m1 \(key)\n".utf8), durability: .processes)
            let second = try #require(try await world.adapter().probe().first)
            #expect(!second.answers && second.message.contains("ANOTHER KEY"), "\(second)")
            #expect(second.message.contains("ssh-keygen -R"), "\(second)")
            try Files.replace(known, with: Array(line.utf8), durability: .processes)
            #expect(try await world.adapter().probe().first?.answers == true)
        }
    }

    @Test("folders travel both ways with modes, links, empty files and odd names, and arrive whole")
    func files() async throws {
        try await SSHUnderTest.use(1, withoutRights: true) { world in
            let adapter = try world.adapter()
            let group = try await adapter.provision(try world.request("a"))
            let channel = try await adapter.channel(to: group.nodes[0], of: group)
            let tree = "\(world.state)/tree"
            try Files.makeFolder("\(tree)/a folder/empty")
            let big = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
            try Files.replace("\(tree)/big", with: big, durability: .processes)
            try Files.replace("\(tree)/a folder/new\nline", with: Array("x".utf8), mode: 0o444, durability: .processes)
            try Files.replace("\(tree)/run.sh", with: [], mode: 0o755, durability: .processes)
            symlink("../big", "\(tree)/a folder/link")
            // Nothing in it can be removed by whoever does not change it first.
            try Files.makeFolder("\(tree)/kept/inner")
            try Files.put("\(tree)/kept/inner/file", "x".utf8, mode: 0o400)
            for path in ["kept/inner", "kept"] { chmod("\(tree)/\(path)", 0o555) }
            try await channel.push(from: tree, to: "work/tree")
            #expect(try await channel.exists("work/tree/a folder/empty"))
            #expect(try await !channel.exists("work/none"))
            // Over what is there.
            try await channel.push(from: tree, to: "work/tree")
            let back = "\(world.state)/back"
            try await channel.pull(from: "work/tree", to: back)
            #expect(try Files.read("\(back)/big") == big)
            #expect(try Files.read("\(back)/a folder/link") == big)
            #expect(Disk.kind("\(back)/a folder/link") == S_IFLNK)
            var status = stat()
            #expect(stat("\(back)/run.sh", &status) == 0 && status.st_mode & 0o777 == 0o755 && status.st_size == 0)
            #expect(stat("\(back)/a folder/new\nline", &status) == 0 && status.st_mode & 0o777 == 0o444)
            #expect(Files.names(in: world.state).filter { $0.hasSuffix(".incoming") }.isEmpty)
            for path in ["../x", "/etc/x", ""] {
                let failure = await refusal {
                    try await channel.push(from: tree, to: path)
                }
                #expect(failure == .badRequest, "\(path)")
            }
            let missing = await refusal {
                try await channel.pull(from: "work/none", to: back)
            }
            #expect(missing == .badRequest)
            try await adapter.terminate(token: "a")
        }
    }
}

import Glibc
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("The port registry")
struct PortRegistryTests {
    /// A registry, and folders that stand for groups.
    private func withRegistry(_ owners: [String], _ body: (PortRegistry, [String]) throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let paths = owners.map { "\(folder)/\($0)" }
            for path in paths { try Files.makeFolder(path) }
            try body(PortRegistry(folder: "\(folder)/.ports"), paths)
        }
    }

    @Test("a free port is given as asked for, and stays its owner's")
    func wanted() async throws {
        try await withRegistry(["a", "b"]) { registry, owners in
            let wanted = try #require(freePort())
            #expect(try registry.claim(wanted, for: owners[0]) == wanted)
            #expect(try registry.claim(wanted, for: owners[0]) == wanted)
            let other = try #require(try registry.claim(wanted, for: owners[1]))
            #expect(other != wanted)
            #expect(try registry.claim(wanted, for: owners[1]) == other)
        }
    }

    @Test("a port where somebody listens is not given", arguments: [INADDR_ANY, INADDR_LOOPBACK])
    func occupied(_ address: in_addr_t) async throws {
        try await withRegistry(["a"]) { registry, owners in
            let (socket, port) = try #require(listen(on: address))
            defer { close(socket) }
            let given = try #require(try registry.claim(port, for: owners[0]))
            #expect(given != port)
            #expect(PortRegistry.isFree(given))
        }
    }

    @Test("a released port is free for the next")
    func release() async throws {
        try await withRegistry(["a", "b"]) { registry, owners in
            let wanted = try #require(freePort())
            _ = try registry.claim(wanted, for: owners[0])
            try registry.release(owners[0])
            try registry.release(owners[0])
            #expect(try registry.claim(wanted, for: owners[1]) == wanted)
        }
    }

    @Test("a claim whose group is gone counts for nothing")
    func stale() async throws {
        try await withRegistry(["a", "b"]) { registry, owners in
            let wanted = try #require(freePort())
            _ = try registry.claim(wanted, for: owners[0])
            try Disk.remove(owners[0])
            #expect(try registry.claim(wanted, for: owners[1]) == wanted)
        }
    }

    @Test("many owners of one wish at the same time all get ports of their own")
    func crowd() async throws {
        try await withTemporaryFolder { folder in
            let registry = PortRegistry(folder: "\(folder)/.ports")
            let wanted = try #require(freePort())
            let ports = try await withThrowingTaskGroup(of: Int?.self) { tasks in
                for number in 0..<20 {
                    let owner = "\(folder)/g\(number)"
                    try Files.makeFolder(owner)
                    tasks.addTask { try registry.claim(wanted, for: owner) }
                }
                var ports: [Int] = []
                for try await port in tasks { ports.append(try #require(port)) }
                return ports
            }
            #expect(Set(ports).count == 20)
            #expect(ports.contains(wanted))
        }
    }

    @Test("numbers that are no ports are never free", arguments: [0, -1, 65_536, .max])
    func noPorts(_ number: Int) { #expect(!PortRegistry.isFree(number)) }
}

import SkyCore
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("The conformance kit", .timeLimit(.minutes(5)))
struct ConformanceKitTests {
    private func kit(_ adapter: any ProviderAdapter) throws -> ConformanceKit {
        let kit = ConformanceKit(
            adapter, region: "us-east-1", instanceType: "m5.large", nonce: "t1", pause: { _ in await Task.yield() })
        return try #require(kit)
    }

    @Test("every adapter keeps it, and nothing is left", arguments: AdapterUnderTest.allCases)
    func kept(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let kit = try kit(adapter)
            for check in ConformanceKit.checks {
                let outcome = await kit.perform(check)
                #expect(outcome.complaint == nil, "\(check.id): \(outcome)")
                #expect(world.processes() == [], "\(check.id)")
                #expect(world.leftovers() == [], "\(check.id)")
            }
        }
    }

    /// What a careless adapter does, and the check that must see it.
    enum Fault: String, CaseIterable {
        case forgetsToken = "one-token"
        case forgetsTag = "tags"
        case keepsListing = "terminate"
        case changesMachines = "same-machines"
        case takesAnything = "all-or-nothing"
        case onlySaysItStops = "stop-start"
    }

    @Test("an adapter that breaks a rule is found out", arguments: Fault.allCases)
    func broken(_ fault: Fault) async throws {
        let kit = try kit(CarelessAdapter(fault))
        let check = try #require(ConformanceKit.checks.first { $0.id == fault.rawValue })
        let outcome = await kit.perform(check)
        guard case .broken(let reason) = outcome else {
            Issue.record("\(fault) was not seen")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test(
        "what an adapter says that it cannot do is left out, with its words, and what was rented to find out is given back"
    )
    func leftOut() async throws {
        try await AdapterUnderTest.standIn.run { adapter, world in
            let kit = try kit(adapter)
            let checks = ["stop-start", "stop-terminate"].map { id in ConformanceKit.checks.first { $0.id == id } }
            for check in checks {
                let outcome = await kit.perform(try #require(check))
                #expect(outcome == .leftOut("nodes of \(adapter.provider) cannot be stopped"))
                #expect(world.leftovers() == [])
            }
        }
    }

    @Test("what a killed kit has left is given back by the next, and nothing else")
    func leftBehind() async throws {
        try await AdapterUnderTest.standIn.run { adapter, _ in
            _ = try await adapter.provision(
                request("sky-conformance--gang-old--1", run: ConformanceKit.runName, nodes: 2))
            _ = try await adapter.provision(request("mine", run: "mine"))
            #expect(try await kit(adapter).cleanUp() == 1)
            #expect(try await adapter.list(run: nil).map(\.token) == ["mine"])
        }
    }

    @Test("checks have names and say what they rent")
    func checks() {
        let ids = ConformanceKit.checks.map(\.id)
        #expect(Set(ids).count == ids.count)
        #expect(ConformanceKit.checks.allSatisfy { ($0.nodes == 0) == ($0.minutes == 0) && !$0.title.isEmpty })
    }
}

/// Tells of machines that nobody has, and breaks one rule.
private final class CarelessAdapter: ProviderAdapter {
    let provider = "mock"
    let isStandIn = true
    private let base = FakeAdapter()
    private let fault: ConformanceKitTests.Fault

    init(_ fault: ConformanceKitTests.Fault) { self.fault = fault }

    func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup {
        var group = try await base.provision(request)
        if fault == .forgetsToken { group.nodes[0].id = "n\(UInt32.random(in: 0 ... .max))" }
        return group
    }

    func describe(token: String) async throws(ProviderError) -> NodeGroup? { try await base.describe(token: token) }

    func list(run: RunID?) async throws(ProviderError) -> [NodeGroup] {
        try await base.list(run: fault == .forgetsTag ? nil : run)
    }

    func terminate(token: String) async throws(ProviderError) {
        if fault != .keepsListing { try await base.terminate(token: token) }
    }

    func obstacleToStopping(_ token: String) -> String? {
        fault == .onlySaysItStops ? nil : "nodes of mock cannot be stopped"
    }

    func stop(token: String) async throws(ProviderError) -> HeldSpan? { nil }

    func start(token: String) async throws(ProviderError) -> NodeGroup {
        guard let group = try await base.describe(token: token) else {
            throw ProviderError(.lost, provider: provider, "gone")
        }
        return group
    }

    func channel(to node: Node, of group: NodeGroup) async throws(ProviderError) -> any NodeChannel {
        try await base.channel(to: node, of: group)
    }
}

import SkyCore
import SkyProcess
import SkySpec
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyBroker

@Suite(.timeLimit(.minutes(5))) struct FleetTests {
    private func withWorld(
        _ environment: [String: String] = [:], _ body: (TestWorld) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { path in
            var world = try TestWorld(path: path)
            world.world.environment = environment
            try await body(world)
        }
    }

    private static func stage(_ command: String = "true", secrets: [String] = []) -> Stage {
        Stage(name: "only", run: command, secretNames: secrets)
    }

    @Test("one process drives all runs that nobody drives, and ends with the last of them")
    func drivesAll() async throws {
        try await withWorld { world in
            var runs: [RunID] = []
            for _ in 0..<5 { runs.append(try await world.launch([Self.stage()])) }
            #expect(try await Fleet(world: world.world, processID: 7).drive() == .nothingLeft)
            for run in runs {
                let state = try #require(try world.journal.state(of: run))
                #expect(state.status == .succeeded)
                #expect(state.driverStarts == 1)
            }
            #expect(world.rentedGroups.isEmpty)
            #expect(!Fleet.isThere(world.folder))
        }
    }

    @Test("a run that another process drives is left to it")
    func leavesOthers() async throws {
        try await withWorld { world in
            let (mine, other) = (try await world.launch([Self.stage()]), try await world.launch([Self.stage()]))
            let lock = try #require(try FileLock(world.folder.driverLock(of: other), in: world))
            #expect(try await Fleet(world: world.world, processID: 7).drive() == .nothingLeft)
            #expect(try world.journal.state(of: mine)?.status == .succeeded)
            #expect(try world.journal.state(of: other)?.driverStarts == 0)
            withExtendedLifetime(lock) {}
        }
    }

    @Test("a second fleet of the same folder has nothing to do")
    func oneFleet() async throws {
        try await withWorld { world in
            let lock = try #require(try FileLock(world.folder.fleetLock))
            #expect(Fleet.isThere(world.folder))
            #expect(try await Fleet(world: world.world, processID: 7).drive() == .anotherIsThere)
            withExtendedLifetime(lock) {}
        }
    }

    @Test("a fleet that stays drives what is launched later, and stops a run that is asked to stop")
    func newcomers() async throws {
        try await withWorld { world in
            let fleet = Fleet(world: world.world, processID: 7)
            let driving = Task { try await fleet.drive(staying: true) }
            let quick = try await world.launch([Self.stage()])
            let slow = try await world.launch([Self.stage("sleep 600")])
            #expect(try await comesTrue { try world.journal.state(of: quick)?.status == .succeeded })
            #expect(try await comesTrue { try world.journal.state(of: slow)?.stages[0].phase == .running })
            try world.journal.request(.cancel, of: slow)
            #expect(try await comesTrue { try world.journal.state(of: slow)?.status == .cancelled })
            driving.cancel()
            #expect(try await driving.value == .nothingLeft)
            #expect(world.rentedGroups.isEmpty)
        }
    }

    @Test("a run whose secrets the fleet does not have is left for a while to whoever has them")
    func secrets() async throws {
        try await withWorld(["KNOWN": "1"]) { world in
            let known = try await world.launch([Self.stage("test $KNOWN = 1", secrets: ["KNOWN"])])
            let secret = try await world.launch([Self.stage(secrets: ["UNKNOWN"])])
            #expect(try await Fleet(world: world.world, processID: 7).drive() == .nothingLeft)
            #expect(try world.journal.state(of: known)?.status == .succeeded)
            #expect(try world.journal.state(of: secret)?.driverStarts == 0)
        }
    }

    @Test("many abandoned runs are picked up by one process, a few by one each, and none while there is a fleet")
    func pickUp() async throws {
        try await withWorld { world in
            let charges = Mutex<[DriverProcess.Charge]>([])
            let broker = try Broker(folder: world.folder) { charge, _ in charges.withLock { $0.append(charge) } }
            var runs: [RunID] = []
            for _ in 0..<3 { runs.append(try await world.launch([Self.stage()])) }
            #expect(try broker.pickUpAbandoned().map(\.run) == runs)
            #expect(charges.withLock { $0 } == runs.map { .run($0) })

            charges.withLock { $0 = [] }
            for _ in 0..<6 { runs.append(try await world.launch([Self.stage()])) }
            #expect(try Set(broker.pickUpAbandoned().map(\.run)) == Set(runs))
            #expect(charges.withLock { $0 } == [.allRuns])

            charges.withLock { $0 = [] }
            let lock = try #require(try FileLock(world.folder.fleetLock))
            #expect(try broker.pickUpAbandoned().isEmpty)
            #expect(try !broker.ensureDriven(runs[0]))
            #expect(charges.withLock { $0 }.isEmpty)
            #expect(try broker.ensureDriven(runs[0], knowingSecrets: true))
            #expect(charges.withLock { $0 } == [.run(runs[0])])
            withExtendedLifetime(lock) {}
        }
    }
}

extension FileLock {
    fileprivate convenience init?(_ path: String, in world: TestWorld) throws {
        try Files.makeFolder(String(path.dropLast("/driver.lock".count)))
        try self.init(path)
    }
}

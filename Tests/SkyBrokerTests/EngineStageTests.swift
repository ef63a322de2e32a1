import Foundation
import SkyCore
import SkyEngines
import SkyProcess
import SkyRuntime
import SkySpec
import SkyTestSupport
import Testing

@testable import SkyBroker

@Suite("Stages with an engine")
struct EngineStageTests {
    private func stage(_ engine: StageEngine?) -> Stage {
        Stage(name: "a", numNodes: 2, outputs: [StageOutput(name: "o")], run: "x", engine: engine)
    }

    private func key(_ engine: StageEngine?) -> String? {
        StageKey(stage: stage(engine), inputs: [], code: nil)?.hex
    }

    @Test("engine, version and options are part of what a finished stage is found by; without an engine nothing is new")
    func keys() {
        let engines: [StageEngine?] = [
            nil, StageEngine(.ray), StageEngine(.ray, version: "2.55.0"), StageEngine(.spark), StageEngine(.mpi),
            StageEngine(.ray, options: EngineOptions(cpus: 2)),
            StageEngine(.ray, options: EngineOptions(packages: ["numpy"])),
        ]
        #expect(Set(engines.map(key)).count == engines.count)
        #expect(key(StageEngine(.ray)) == key(StageEngine(.ray, version: "2.60.0")))
        // As versions without engines made it.
        #expect(key(nil) == "2334aff5162843a0569f67eed4a2ddf720967ebbfe85e7eb4c15b148f26bab6a")
    }

    @Test("an engine that fails a stage is said to have, with its node; the author's retries count for it too")
    func failures() throws {
        var launch = Launch.chain()
        launch.pipeline.stages[0].jobRecovery = JobRecovery(maxRestartsOnErrors: 0, recoverOnExitCodes: [121])
        var history = try History(launch: launch)
        history.playToRunning("one")
        history.play(.jobEnded(history.id("one"), exitCode: 121, rank: 0, engine: .incomplete))
        #expect(
            history.state.stages[0].lastTrouble
                == "rank 0: the engine was not up on all nodes in time, from which it recovers")
        history.play(.released(history.id("one")))
        history.ring(.phase, of: "one")
        history.play(.provisioned(history.id("one"), history.group("one")))
        history.play(.delivered(history.id("one"), []))
        history.play(.jobEnded(history.id("one"), exitCode: 120, rank: 1, engine: .unavailable))
        history.play(.released(history.id("one")))
        #expect(history.state.status == .failed)
        #expect(history.state.stages[0].lastTrouble == "rank 1: the engine cannot be had on this node")
    }

    @Test("what an earlier version wrote down of a job's end is read")
    func olderEvents() throws {
        let id = AttemptID(run: try #require(RunID("r-abcd")), stage: "s", number: 1)
        let event = RunEvent.jobEnded(id, exitCode: 3, rank: 1)
        let text = try JournalCoding.encode(event)
        #expect(!text.contains("engine"))
        #expect(try JSONDecoder().decode(RunEvent.self, from: Data(text.utf8)) == event)
    }

    @Test("all nodes of an attempt get one secret, other attempts another, and it outlives the driver")
    func secrets() async throws {
        try await withTemporaryFolder { path in
            let folder = StateFolder(path: path)
            let run = try #require(RunID("r-abcd"))
            try folder.makeFolders(of: run)
            let attempts = (1...3).map { AttemptID(run: run, stage: "s", number: $0) }
            let first = try attempts.map { try EngineSecret.of($0, in: folder) }
            #expect(Set(first).count == 3 && first.allSatisfy { $0.count == 64 })
            #expect(try attempts.map { try EngineSecret.of($0, in: StateFolder(path: path)) } == first)
            #expect(Files.names(in: folder.folder(of: run)).filter { $0.contains("key") } == ["engine.key"])
            let mode = try FileManager.default.attributesOfItem(atPath: folder.engineKey(of: run))[.posixPermissions]
            #expect(mode as? Int == 0o600)
            // Several at once, with no key there yet.
            let other = try #require(RunID("r-efgh"))
            try folder.makeFolders(of: other)
            let secrets = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<16 {
                    group.addTask { try EngineSecret.of(AttemptID(run: other, stage: "s", number: 1), in: folder) }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(secrets.count == 1)
        }
    }
}

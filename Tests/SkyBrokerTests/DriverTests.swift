import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyHTTP
import SkyPlacement
import SkyProcess
import SkyProviders
import SkySpec
import SkyStorage
import SkyTestSupport
import Testing

@testable import SkyBroker

/// The driver with real processes for nodes, real stores and a real journal.
@Suite(.timeLimit(.minutes(5))) struct DriverTests {
    @Test("a chain hands its artifacts on, is priced, and leaves nothing behind")
    func chain() async throws {
        try await withTemporaryFolder { path in
            let world = try TestWorld(path: path)
            let run = try await world.launch([
                Stage(
                    name: "make", outputs: [StageOutput(name: "text")],
                    run: #"echo "hello from $SKY_STAGE" > "$SKY_OUTPUT_TEXT"; echo made"#),
                Stage(
                    name: "read",
                    inputs: [StageInput(name: "text", source: .output(stage: "make", artifact: "text"))],
                    run: #"cat "$SKY_INPUT_TEXT""#),
            ])
            let state = try await world.drive(run)
            #expect(state.status == .succeeded)
            #expect(try world.log(run, "make") == "made\n")
            #expect(try world.log(run, "read") == "hello from make\n")
            #expect(world.rentedGroups.isEmpty)
            #expect(try world.journal.unfinishedRuns().isEmpty)
            #expect(try world.journal.state(of: run) == state)
        }
    }

    @Test("a stage on nodes that another has done with sees nothing of it, and runs with its own inputs and outputs")
    func reusedNodes() async throws {
        try await withTemporaryFolder { path in
            let world = try TestWorld(path: path)
            let look = #"ls -A "$(dirname "$SKY_OUTPUT_TEXT")" . > "$SKY_OUTPUT_TEXT"; cat "$SKY_INPUT_TEXT""#
            let run = try await world.launch(
                [
                    Stage(
                        name: "make", outputs: [StageOutput(name: "text"), StageOutput(name: "more")],
                        run: #"echo made > "$SKY_OUTPUT_TEXT"; echo more > "$SKY_OUTPUT_MORE"; touch left; sleep 60 &"#),
                    Stage(
                        name: "look",
                        inputs: [StageInput(name: "text", source: .output(stage: "make", artifact: "text"))],
                        outputs: [StageOutput(name: "text")], run: look),
                    Stage(
                        name: "read",
                        inputs: [StageInput(name: "seen", source: .output(stage: "look", artifact: "text"))],
                        run: #"cat "$SKY_INPUT_SEEN"; ls "$(dirname "$SKY_INPUT_SEEN")""#),
                ], reusesNodes: true)
            let state = try await world.drive(run)
            #expect(state.status == .succeeded)
            #expect(state.stages.compactMap { $0.attempt?.isInherited } == [false, true, true])
            #expect(Set(state.stages.compactMap { $0.attempt?.group?.token }).count == 1)
            #expect(try world.log(run, "look") == "made\n")
            let seen = try world.log(run, "read").split(separator: "\n").map(String.init)
            #expect(!seen.contains("left") && !seen.contains("more"), "\(seen)")
            #expect(seen.last == "seen")
            #expect(world.rentedGroups.isEmpty)
            #expect(try world.journal.state(of: run) == state)
        }
    }

    @Test("a stage done before is found by its recipe, and a damaged artifact is made again")
    func reuseAndLineage() async throws {
        try await withTemporaryFolder { path in
            let world = try TestWorld(path: path)
            let stages = [
                Stage(
                    name: "make", outputs: [StageOutput(name: "text")],
                    run: #"date +%N > "$SKY_OUTPUT_TEXT""#)
            ]
            let first = try await world.drive(try await world.launch(stages))
            let second = try await world.drive(try await world.launch(stages))
            #expect(second.stages[0].reusedFrom == first.run)
            #expect(second.stages[0].outputs == first.stages[0].outputs)

            var changed = stages
            changed[0].envs = ["A": "b"]
            #expect(try await world.drive(try await world.launch(changed)).stages[0].reusedFrom == nil)

            try FileManager.default.removeItem(atPath: "\(path)/stores")
            #expect(try await world.drive(try await world.launch(stages)).stages[0].attempts.count == 1)
        }
    }

    @Test("a failing command, a missing output and a setup that fails each say what was wrong")
    func failures() async throws {
        try await withTemporaryFolder { path in
            let world = try TestWorld(path: path)
            func trouble(_ stage: Stage) async throws -> String? {
                let state = try await world.drive(try await world.launch([stage]))
                #expect(state.status == .failed)
                #expect(world.rentedGroups.isEmpty)
                return state.stages[0].lastTrouble
            }
            #expect(try await trouble(Stage(name: "a", run: "exit 9")) == "the command ended with exit code 9")
            #expect(
                try await trouble(Stage(name: "a", outputs: [StageOutput(name: "model")], run: "true"))
                    == "output 'model' was not written: the command must write a file or folder to $SKY_OUTPUT_MODEL")
            #expect(
                try await trouble(Stage(name: "a", setup: "exit 3", run: "true"))
                    == "the command ended with exit code 3")
        }
    }

    @Test("a service is watched until someone takes it down")
    func service() async throws {
        try await withTemporaryFolder { path in
            let world = try TestWorld(path: path)
            let run = try await world.launch([
                Stage(
                    name: "serve", run: #"exec python3 -m http.server --bind 127.0.0.1 "$SKY_SERVICE_PORT""#,
                    service: ServiceSpec(port: 18_080, readinessPath: "/"))
            ])
            async let end = world.drive(run)
            var url: String?
            while url == nil {
                try await Task.sleep(for: .milliseconds(20))
                url = try world.journal.state(of: run)?.view(at: .start).stages[0].url
            }
            let answer = try await HTTPClient().send(HTTPRequest(.get, try #require(url) + "/"))
            #expect(answer.status == 200)
            try world.journal.request(.down, of: run)
            #expect(try await end.status == .succeeded)
            #expect(world.rentedGroups.isEmpty)
        }
    }

    @Test("an input of several stages' outputs is a folder with one entry for each")
    func fanIn() async throws {
        try await withTemporaryFolder { path in
            let world = try TestWorld(path: path)
            let makers = ["a", "b"].map {
                Stage(name: $0, outputs: [StageOutput(name: "out")], run: #"echo "of $SKY_STAGE" > "$SKY_OUTPUT_OUT""#)
            }
            let inputs = ["a", "b"].map {
                StageInput(name: "all", source: .output(stage: $0, artifact: "out"), entry: "from-\($0)")
            }
            let reader = Stage(
                name: "read", inputs: inputs,
                run: #"cd "$SKY_INPUT_ALL" && for f in *; do echo "$f: $(cat "$f")"; done"#)
            let state = try await world.drive(try await world.launch(makers + [reader]))
            #expect(state.status == .succeeded)
            #expect(try world.log(state.run, "read") == "from-a: of a\nfrom-b: of b\n")
        }
    }

    @Test("what a stage saves is fetched while it runs, and a lost machine goes on from there")
    func checkpoint() async throws {
        try await withTemporaryFolder { path in
            let world = try TestWorld(path: path)
            let stage = Stage(
                name: "train", outputs: [StageOutput(name: "steps")], checkpointInterval: TimeSpan(milliseconds: 50),
                checkpointPath: "ckpt",
                run: #"""
                    mkdir -p "$SKY_CHECKPOINT_DIR"; n=$(cat "$SKY_CHECKPOINT_DIR/n" 2>/dev/null || echo 0)
                    echo "from $n"
                    while [ "$n" -lt 5 ]; do
                      n=$((n + 1)); echo "$n" > "$SKY_CHECKPOINT_DIR/.n"
                      mv "$SKY_CHECKPOINT_DIR/.n" "$SKY_CHECKPOINT_DIR/n"
                      [ "$n" = 3 ] && [ "$SKY_ATTEMPT" = 1 ] && sleep 100
                    done
                    cp "$SKY_CHECKPOINT_DIR/n" "$SKY_OUTPUT_STEPS"
                    """#)
            let run = try await world.launch([stage])
            async let end = world.drive(run)
            while try world.journal.state(of: run)?.stages[0].checkpoint == nil {
                try await Task.sleep(for: .milliseconds(20))
            }
            try await Task.sleep(for: .milliseconds(200))
            try await world.preempt(AttemptID(run: run, stage: "train", number: 1))
            let state = try await end
            #expect(state.status == .succeeded)
            #expect(state.stages[0].attempts.count == 2)
            let log = try world.log(run, "train", attempt: 2)
            #expect(log.hasPrefix("from ") && log != "from 0\n", "\(log)")
        }
    }

    @Test("a gang of three knows its ranks, and one that fails ends the others")
    func gang() async throws {
        try await withTemporaryFolder { path in
            let world = try TestWorld(path: path)
            var stage = Stage(
                name: "gang", numNodes: 3, outputs: [StageOutput(name: "rank")],
                run: #"echo "$SKY_NODE_RANK of $SKY_NUM_NODES" > "$SKY_OUTPUT_RANK"; cat "$SKY_OUTPUT_RANK""#)
            let state = try await world.drive(try await world.launch([stage]))
            #expect(state.status == .succeeded)
            #expect(try (0..<3).map { try world.log(state.run, "gang", rank: $0) } == (0..<3).map { "\($0) of 3\n" })

            stage.run = #"[ "$SKY_NODE_RANK" = 1 ] && exit 4; sleep 100"#
            let failed = try await world.drive(try await world.launch([stage]))
            #expect(failed.stages[0].lastTrouble == "rank 1: the command ended with exit code 4")
            #expect(world.rentedGroups.isEmpty)
        }
    }
}

@Suite("Learning from earlier runs")
struct HistoryTests {
    @Test("what a stage took and made is known the next time, but not of runs on stand-ins")
    func learns() async throws {
        try await withTemporaryFolder { path in
            var world = try TestWorld(path: path)
            let stage = Stage(
                name: "make", outputs: [StageOutput(name: "text")],
                run: #"sleep 0.2; echo "$SKY_RUN" > "$SKY_OUTPUT_TEXT""#)
            #expect(try Journal.history(of: "test", at: world.folder.journal).isEmpty)
            let run = try await world.launch([stage])
            #expect(try await world.drive(run).status == .succeeded)
            let past = try #require(try world.journal.history(of: "test").last(of: "make"))
            #expect(past.run == run.text && past.instanceType == "m5.large" && past.provider == "aws")
            #expect(past.duration >= TimeSpan(milliseconds: 200))
            #expect((past.outputSizes["text"] ?? .zero) > .zero)
            #expect(try world.journal.history(of: "other").isEmpty)
            #expect(try Journal.history(of: "test", at: world.folder.journal) == world.journal.history(of: "test"))

            world.world.isReal = { _ in false }
            let other = Stage(name: "other", outputs: stage.outputs, run: stage.run)
            #expect(try await world.drive(try await world.launch([other])).status == .succeeded)
            #expect(try world.journal.history(of: "test").last(of: "other") == nil)
        }
    }
}

import FoundationEssentials
import SkyProcess
import SkyTestSupport
import Testing

@Suite("Nodes that work together", .timeLimit(.minutes(10)))
struct GangTests {
    @Test("four ranks learn one model over sockets, the same that one alone learns")
    func allReduce() async throws {
        try await SkyUnderTest.use { sky in
            let pipeline = try sky.copy(ofPipeline: "gang") + "/pipeline.yaml"
            let port = try #require(freePort())
            let launch = try await sky(
                "launch", pipeline, "--yes", "--env", "ROWS=400", "--env", "MEETING_PORT=\(port)")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let logs = try await sky("logs", "gang").output
            let weights = logs.split(separator: "\n").filter { $0.contains("of 4: 100 rows") }
                .compactMap { $0.split(separator: "weights").last }
            #expect(weights.count == 4 && Set(weights).count == 1, "\(logs)")
            #expect(logs.contains("4 ranks and one agree"), "\(logs)")
            try await sky.wait("no process is left") { sky.processes.isEmpty }
        }
    }

    @Test("when one rank fails the others are stopped, and it is named with its last words")
    func oneFails() async throws {
        try await SkyUnderTest.use { sky in
            let pipeline = try sky.write(
                """
                name: broken
                stages:
                  work:
                    num_nodes: 3
                    resources: {infra: local}
                    run: |
                      echo "this is rank $SKY_NODE_RANK of $SKY_NUM_NODES at $(echo $SKY_NODE_IPS)"
                      touch "\(sky.home)/here.$SKY_NODE_RANK"
                      [ "$SKY_NODE_RANK" = 1 ] || exec sleep 100000
                      until [ -e "\(sky.home)/here.0" ] && [ -e "\(sky.home)/here.2" ]; do sleep 0.05; done
                      echo "no memory for my part"
                      exit 9
                """)
            let launch = try await sky("launch", pipeline, "--yes")
            #expect(launch.exitCode == 1)
            let screen = launch.output + launch.errors
            #expect(screen.contains("rank 1: the command ended with exit code 9"), "\(screen)")
            #expect(screen.contains("no memory for my part") && !screen.contains("this is rank 2"), "\(screen)")
            let events = try await sky("events", "broken").output
            #expect(events.contains("rank 1: the command ended with exit code 9"), "\(events)")
            try await sky.wait("the others are gone") { sky.processes.isEmpty }
            let logs = try await sky("logs", "broken").output
            for rank in 0..<3 {
                #expect(logs.contains("this is rank \(rank) of 3 at 127.0.0.1 127.0.0.1 127.0.0.1"), "\(logs)")
            }
        }
    }
}

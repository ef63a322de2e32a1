/// One stage that saves what it has, all in one step, and then waits to be lost: its next try begins from what was saved,
/// says so and ends.
enum CountingPipeline {
    /// - Parameter resources: of the stage, in braces.
    static func text(_ resources: String) -> String {
        """
        name: count
        stages:
          count:
            resources: \(resources)
            checkpoint: {path: saved, every: 1s}
            run: |
              n=$(cat "$SKY_CHECKPOINT_DIR/n" 2>/dev/null || echo 0)
              echo "from $n"
              [ "$n" = 0 ] || exit 0
              mkdir "$SKY_CHECKPOINT_DIR.new"
              echo 7 > "$SKY_CHECKPOINT_DIR.new/n"
              mv "$SKY_CHECKPOINT_DIR.new" "$SKY_CHECKPOINT_DIR"
              echo ready
              sleep 600
        """
    }

    static func waitUntilSaved(_ run: String, _ sky: SkyUnderTest) async throws {
        try await sky.wait("something is saved") {
            try await sky("events", run).output.contains(/checkpoint [0-9]+ saved/)
        }
    }
}

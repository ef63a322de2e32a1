/// One stage that saves what it has, and then waits to be lost: its next try begins from what was saved, says so and ends.
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
              mkdir -p "$SKY_CHECKPOINT_DIR"
              echo 7 > "$SKY_CHECKPOINT_DIR/n"
              echo ready
              sleep 600
        """
    }
}

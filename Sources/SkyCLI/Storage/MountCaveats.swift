import SkySpec

/// What a plan does not know of buckets that stages mount.
enum MountCaveats {
    /// A line for each stage that mounts some.
    static func of(_ pipeline: Pipeline) -> [String] {
        pipeline.stages.compactMap { stage in
            let addresses = stage.code.liveMounts.map(\.source)
            guard !addresses.isEmpty else { return nil }
            return "'\(stage.name)' mounts \(addresses.joined(separator: ", ")): what it moves is not counted, "
                + "and it runs anew each time, as what is in a bucket may have changed"
        }
    }
}

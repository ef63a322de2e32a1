import SkyCore
import SkyYAML

/// `file_mounts`: `target: source`, or SkyPilot's storage mappings.
enum MountFields {
    static func read(_ entry: YAMLNode.Entry, _ reading: Reading) -> MountDraft {
        var draft = MountDraft(target: Located(entry.key, entry.keyRange))
        if let text = entry.value.scalar {
            draft.sources = [Located(text, entry.value.range)]
            return draft
        }
        section.read(entry.value, into: &draft, at: entry.keyRange, reading)
        if draft.sources.isEmpty {
            reading.warning(
                "spec.ignored-field", at: entry.keyRange,
                "mounting a bucket without a source has no effect yet: '\(entry.key)' is not on the node",
                help: "declare what the stage writes under 'outputs'")
        } else if let mode = draft.mode, mode.value.uppercased() != "COPY" {
            reading.warning(
                "spec.ignored-field", at: mode.range,
                "mode \(mode.value) acts as COPY: what the stage writes there stays on the node")
        }
        return draft
    }

    static let section = Section<MountDraft>(
        name: "mount", phrase: "a mount", summary: "SkyPilot's storage: what is at the source is copied to the node.",
        fields: [
            Field(
                "source", .anyOf([.plainText, .list(.plainText)]), "A local path or an address, or several.",
                example: "s3://bucket/data"
            ) { entry, draft, reading in
                draft.sources = reading.elements(of: entry.value).map { Located($0.scalar ?? "", $0.range) }
            },
            Field("mode", .plainText, "COPY; MOUNT and MOUNT_CACHED act the same.", example: "COPY") {
                entry, draft, _ in
                draft.mode = Located(entry.value.scalar ?? "", entry.keyRange)
            },
            .withoutEffect("name", "SkyPilot: the bucket's name."),
            .withoutEffect("store", "SkyPilot: the kind of bucket."),
            .withoutEffect("persistent", "SkyPilot: whether the bucket stays."),
            .withoutEffect("mount_options", "SkyPilot: options of the mount."),
            .withoutEffect("type", "SkyPilot: the kind of mount."),
            .withoutEffect("config", "SkyPilot: settings of the mount."),
        ])
}

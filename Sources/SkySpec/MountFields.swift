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
        nameBucket(of: &draft, reading)
        if draft.sources.isEmpty {
            reading.warning(
                "spec.ignored-field", at: entry.keyRange,
                "mounting a bucket without a source has no effect yet: '\(entry.key)' is not on the node",
                help: "declare what the stage writes under 'outputs'")
        } else if let mode = draft.mode, mode.value.uppercased() != "COPY" {
            if StageCode.Mount.Mode(rawValue: mode.value.uppercased()) == nil {
                reading.error(
                    "spec.bad-choice", at: mode.range, "'\(mode.value)' is no mode of a mount",
                    expected: "one of COPY, MOUNT, MOUNT_CACHED",
                    help: reading.suggestion(for: mode.value.uppercased(), among: ["COPY", "MOUNT", "MOUNT_CACHED"]))
            } else if let reason = reasonToCopy(draft) {
                reading.warning(
                    "spec.ignored-field", at: mode.range,
                    "mode \(mode.value) acts as COPY: \(reason), and what the stage writes there stays on the node")
            }
        }
        return draft
    }

    /// Without a source SkyPilot mounts the bucket of that name.
    private static func nameBucket(of draft: inout MountDraft, _ reading: Reading) {
        if draft.sources.isEmpty, let name = draft.name,
            let scheme = draft.store.flatMap({ stores[$0.value.lowercased()] })
        {
            draft.sources = [Located("\(scheme)://\(name.value)", name.range)]
            draft.mode = draft.mode ?? Located(StageCode.Mount.Mode.mount.rawValue, name.range)
            return
        }
        for (key, field) in [("name", draft.name), ("store", draft.store)] {
            guard let field else { continue }
            reading.warning("spec.ignored-field", at: field.range, "'\(key)' has no effect yet")
        }
    }

    /// How it is mounted; nil when it is copied.
    static func mode(of draft: MountDraft) -> StageCode.Mount.Mode? {
        guard reasonToCopy(draft) == nil else { return nil }
        return draft.mode.flatMap { StageCode.Mount.Mode(rawValue: $0.value.uppercased()) }
    }

    private static let buckets = ["s3", "gs", "az"]
    /// SkyPilot's names of them. Of its `azure` nothing says in which account the bucket is.
    private static let stores = ["s3": "s3", "gcs": "gs"]

    private static func reasonToCopy(_ draft: MountDraft) -> String? {
        if draft.sources.count != 1 { return "several sources are not one bucket" }
        let isBucket = draft.sources.allSatisfy { PathText.scheme(of: $0.value).map(buckets.contains) ?? false }
        return isBucket ? nil : "only what is in buckets (s3://, gs://, az://) is mounted"
    }

    static let section = Section<MountDraft>(
        name: "mount", phrase: "a mount",
        summary: "SkyPilot's storage: what is at the source is copied to the node, or mounted there.",
        fields: [
            Field(
                "source", .anyOf([.plainText, .list(.plainText)]), "A local path or an address, or several.",
                example: "s3://bucket/data"
            ) { entry, draft, reading in
                draft.sources = reading.elements(of: entry.value).map { Located($0.scalar ?? "", $0.range) }
            },
            Field(
                "mode", .plainText,
                "COPY; MOUNT: the bucket itself, to be read and written; MOUNT_CACHED: the same by way of the node's disk.",
                example: "MOUNT"
            ) { entry, draft, _ in
                draft.mode = Located(entry.value.scalar ?? "", entry.value.range)
            },
            Field(
                "name", .plainText, "SkyPilot: the bucket, where no source is given. It must be there.",
                example: "my-data"
            ) { entry, draft, _ in
                draft.name = Located(entry.value.scalar ?? "", entry.keyRange)
            },
            Field(
                "store", .plainText, "SkyPilot: the kind of bucket. With a name, s3 and gcs have an effect.",
                example: "s3"
            ) { entry, draft, _ in
                draft.store = Located(entry.value.scalar ?? "", entry.keyRange)
            },
            .withoutEffect("persistent", "SkyPilot: whether the bucket stays."),
            .withoutEffect("mount_options", "SkyPilot: options of the mount."),
            .withoutEffect("type", "SkyPilot: the kind of mount."),
            .withoutEffect("config", "SkyPilot: settings of the mount."),
        ])
}

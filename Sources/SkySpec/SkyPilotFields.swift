import SkyCore
import SkyYAML

/// Fields of SkyPilot's that have no effect here, with the forms that they may have: a mistake in one is a mistake all
/// the same.
enum SkyPilotFields {
    static let ofResources: [Field<ResourcesDraft>] = [
        .withoutEffect("volumes", "SkyPilot: disks to attach.", .list(.anything)),
        .withoutEffect(
            "accelerator_args", "SkyPilot: settings of TPU machines.", .section("acceleratorArgs"),
            form: acceleratorArgs),
        recovery("job_recovery", "SkyPilot: how its stage is begun again; the same as retries of the stage."),
        recovery("spot_recovery", "SkyPilot: the older name of job_recovery."),
        .withoutEffect(
            "autostop", "SkyPilot: when to stop a cluster; here nodes go back when their stage ends.",
            .anyOf([.boolean, .text(idleTime), .section("autostop")]), form: autostop),
        .withoutEffect("ephemeral_storage", "SkyPilot: the older name of disk_size on Kubernetes.", .plainText),
        .withoutEffect("priority", "SkyPilot: the job's priority.", .wholeNumber),
        .withoutEffect("priority_class", "SkyPilot: the job's priority class.", .plainText),
    ]

    private static func recovery(_ name: String, _ summary: String) -> Field<ResourcesDraft> {
        Field(name, RecoveryFields.skyPilotShape, summary, example: "{max_restarts_on_errors: 3}") {
            entry, draft, reading in
            draft.recovery = RecoveryFields.readSkyPilot(entry, reading).map { Located($0, entry.keyRange) }
        }
    }

    static let ofStages: [Field<StageDraft>] = [
        .withoutEffect("config", "SkyPilot: settings of its own."),
        .withoutEffect("volumes", "SkyPilot: disks to attach."),
        .withoutEffect("volume_mounts", "SkyPilot: disks to attach."),
        .withoutEffect("event_callback", "SkyPilot: a command at every change of state."),
        .withoutEffect("managed_secrets", "SkyPilot: secrets kept by its server."),
        .withoutEffect("api_server_access", "SkyPilot: whether the task may call its server."),
        .withoutEffect("file_mounts_mapping", "SkyPilot: kept by its client."),
        .withoutEffect("pool", "SkyPilot: a pool of workers."),
    ]

    /// Of the first document of a group of tasks that run side by side.
    static let ofGroups: [Field<PipelineDraft>] = [
        .withoutEffect("primary_tasks", "SkyPilot: the tasks whose end ends the group.", .list(.plainText)),
        .withoutEffect("termination_delay", "SkyPilot: how long the others go on after that."),
        .withoutEffect("inter_connection", "SkyPilot: whether the tasks reach each other."),
    ]

    private static let idleTime = TextForm("minutes, or a time such as 10m or 1h", pattern: "^[0-9]+[a-zA-Z]*$")

    static let autostop = Section<Void>(
        name: "autostop", phrase: "'autostop'", summary: "SkyPilot: when to stop a cluster.",
        fields: [
            .formOnly("idle_minutes", .wholeNumber, "How long nothing may happen."),
            .formOnly("down", .boolean, "Whether to give the machines back."),
            .formOnly("wait_for", .plainText, "What counts as something."),
            .formOnly("hook", .plainText, "Shell to run before."),
            .formOnly("hook_timeout", .wholeNumber, "Seconds that it may take."),
        ])

    static let acceleratorArgs = Section<Void>(
        name: "acceleratorArgs", phrase: "'accelerator_args'", summary: "SkyPilot: settings of TPU machines.",
        fields: [
            .formOnly("runtime_version", .plainText, "The TPU's software."),
            .formOnly("tpu_name", .plainText, "What the TPU is called."),
            .formOnly("tpu_vm", .boolean, "Whether commands run on the TPU's own host."),
            .formOnly("gcp_queued_resource", .boolean, "Whether to wait in Google's queue."),
        ])

    /// Those of `ofResources` that are mappings with known fields.
    static let sections = [autostop, acceleratorArgs]
}

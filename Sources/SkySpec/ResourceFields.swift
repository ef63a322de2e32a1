import SkyCore
import SkyYAML

/// The table of `resources`: what one node must have.
enum ResourceFields {
    static let section = Section<ResourcesDraft>(
        name: "resources", phrase: "'resources'", summary: "What one node of the stage must have.",
        fields: hardware + place + rest + withoutEffect + alternatives)

    /// The same inside `any_of` and `ordered`, which do not nest.
    static let alternative = Section<ResourcesDraft>(
        name: "alternative", phrase: "an alternative", summary: "Fields that replace those beside the list.",
        fields: hardware + place + rest + withoutEffect)

    private static let hardware: [Field<ResourcesDraft>] = [
        Field("cpus", .text(Amounts.quantity), "Virtual CPUs: exactly 8, or at least 8+.", example: "8+") {
            entry, draft, reading in
            draft.request.cpus = Amounts.readQuantity(entry.value, what: "CPUs", reading)
        },
        Field("memory", .text(Amounts.memory), "GiB of memory: exactly 32, at least 32+, or 64GB.", example: "32+") {
            entry, draft, reading in
            draft.request.memory = Amounts.readMemory(entry.value, reading)
        },
        accelerators("accelerators", "Accelerators of one node; of several, any one will do."),
        accelerators("gpus", "The same as accelerators."),
        Field(
            "capabilities", .list(.plainText), "What the machine must be able to do, as the catalog names it.",
            example: "[confidential]"
        ) { entry, draft, reading in
            draft.request.capabilities = reading.elements(of: entry.value).compactMap(\.scalar)
        },
        Field("instance_type", .plainText, "One instance type of one provider.", example: "p4d.24xlarge") {
            entry, draft, _ in
            draft.request.instanceType = entry.value.scalar
        },
        Field("use_spot", .boolean, "Whether cheaper machines that may be taken away are welcome.", example: "true") {
            entry, draft, _ in
            draft.request.useSpot = entry.value.boolean ?? false
        },
        Field(
            "disk_size", .anyOf([.number, .text(Amounts.diskSize)]), "GB of disk, or a size with a unit.",
            example: "256"
        ) { entry, draft, reading in
            draft.request.diskSize = Amounts.readDiskSize(entry.value, reading)
        },
    ]

    private static func accelerators(_ name: String, _ summary: String) -> Field<ResourcesDraft> {
        let form = AcceleratorReading.form
        return Field(
            name,
            .anyOf([
                .text(form), .list(.text(form)), .map(keys: form, values: .anyOf([.number, .nothing, .plainText])),
            ]),
            summary, example: "{A100: 8, tpu-v5e: 8}"
        ) { entry, draft, reading in
            let complaints = reading.complaints.count
            draft.request.accelerators = AcceleratorReading.read(entry.value, reading)
            draft.hasBrokenAccelerators = reading.complaints.count > complaints
        }
    }

    private static let infraForm = TextForm("a place such as aws, aws/us-east-1 or aws/us-east-1/us-east-1a")

    private static let place: [Field<ResourcesDraft>] = [
        Field(
            "infra", .anyOf([.text(infraForm), .list(.text(infraForm))]),
            "Where it may run: provider/region/zone, '*' for any; of several, any one.", example: "aws/us-east-1"
        ) { entry, draft, reading in
            draft.placeKey = entry.keyRange
            draft.infra = reading.elements(of: entry.value).compactMap { Places.read($0, reading) }
        },
        Field("cloud", .plainText, "The provider alone; the same as infra.", example: "gcp") { entry, draft, _ in
            draft.provider = entry.value.scalar.map(Places.provider)
        },
        Field("region", .plainText, "The region alone.", example: "us-east-1") { entry, draft, _ in
            draft.region = entry.value.scalar
        },
        Field("zone", .plainText, "The zone alone.", example: "us-east-1a") { entry, draft, _ in
            draft.zone = entry.value.scalar
        },
    ]

    private static let rest: [Field<ResourcesDraft>] = [
        Field(
            "ports", .anyOf([.text(Ports.form), .list(.text(Ports.form))]),
            "Ports to open beside a service's own.", example: "[8080, 10052-10100]"
        ) { entry, draft, reading in
            draft.request.ports = Ports.read(entry.value, reading)
        },
        Field("labels", .map(keys: TextForm("a label"), values: .plainText), "Tags for what is rented.") {
            entry, draft, reading in
            for label in reading.entries(of: entry.value) { draft.request.labels[label.key] = label.value.scalar }
        },
        Field(
            "image_id", .anyOf([.plainText, .map(keys: TextForm("a region"), values: .plainText)]),
            "The image that nodes start from; docker:NAME for a container.", example: "docker:pytorch/pytorch:latest"
        ) { entry, draft, reading in
            draft.request.imageID = entry.value.scalar
            guard entry.value.mapping != nil else { return }
            reading.warning("spec.ignored-field", at: entry.keyRange, "'image_id' by region has no effect yet")
        },
    ]

    private static let withoutEffect: [Field<ResourcesDraft>] = [
        .withoutEffect("disk_tier", "SkyPilot: how fast the disk is."),
        .withoutEffect("network_tier", "SkyPilot: how fast the network is."),
        .withoutEffect("local_disk", "SkyPilot: which local disk the machine has."),
        .withoutEffect("volumes", "SkyPilot: disks to attach."),
        .withoutEffect("accelerator_args", "SkyPilot: settings of TPU machines."),
        .withoutEffect("job_recovery", "SkyPilot: how to recover; here every run recovers."),
        .withoutEffect("spot_recovery", "SkyPilot: the older name of job_recovery."),
        .withoutEffect("autostop", "SkyPilot: when to stop a cluster; here nodes go back when their stage ends."),
        .withoutEffect("max_hourly_cost", "SkyPilot: the most to pay per hour; here see objective."),
        .withoutEffect("priority", "SkyPilot: the job's priority."),
        .withoutEffect("priority_class", "SkyPilot: the job's priority class."),
    ]

    private static let alternatives: [Field<ResourcesDraft>] = ["any_of", "ordered"].map { name in
        let order = name == "ordered" ? " Their order has no effect." : ""
        return Field(
            name, .list(.section("alternative")), "Whole requests of which any one will do.\(order)",
            example: "[{infra: aws, accelerators: A100:8}, {infra: gcp, accelerators: tpu-v5e:8}]"
        ) { entry, draft, reading in
            if let first = draft.alternativesKey {
                reading.error(
                    "spec.conflict", at: entry.keyRange, "both '\(first.value)' and '\(entry.key)'",
                    expected: "one of them",
                    notes: [Diagnostic.Note(range: first.range, message: "first given here")])
            }
            if entry.key == "ordered" {
                reading.warning(
                    "spec.ignored-field", at: entry.keyRange,
                    "the order of 'ordered' has no effect yet: the best of all is taken")
            }
            draft.alternatives = reading.elements(of: entry.value)
            draft.alternativesKey = Located(entry.key, entry.keyRange)
        }
    }
}

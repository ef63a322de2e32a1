import SkyCore
import SkyYAML

/// The table of `resources`: what one node must have.
enum ResourceFields {
    static let section = Section<ResourcesDraft>(
        name: "resources", phrase: "'resources'", summary: "What one node of the stage must have.",
        fields: hardware + disks + place + rest + SkyPilotFields.ofResources + alternatives)

    /// The same inside `any_of` and `ordered`, which do not nest.
    static let alternative = Section<ResourcesDraft>(
        name: "alternative", phrase: "an alternative", summary: "Fields that replace those beside the list.",
        fields: hardware + disks + place + rest + [numNodes] + SkyPilotFields.ofResources)

    private static let hardware: [Field<ResourcesDraft>] = [
        Field(
            "cpus", .text(Amounts.quantity), "Virtual CPUs: exactly 8, at least 8+, or 8..16.", example: "8+"
        ) { entry, draft, reading in
            draft.request.cpus = Amounts.readQuantity(entry.value, what: "CPUs", reading)
        },
        Field(
            "memory", .text(Amounts.memory), "GiB of memory: exactly 32, at least 32+, 32..64, or 64GB.",
            example: "32+"
        ) { entry, draft, reading in
            readMemory(entry, &draft, reading)
        },
        accelerators("accelerators", "Accelerators of one node; of several, any one will do, of a list the first."),
        accelerators("gpus", "The same as accelerators."),
        Field(
            "capabilities", CapabilityFields.shape,
            "What the machine must be able to do, as the catalog names it, and with not: what it must not.",
            example: "[confidential, {not: arm64}]"
        ) { entry, draft, reading in
            CapabilityFields.read(entry.value, into: &draft.request, reading)
        },
        Field("instance_type", .plainText, "One instance type of one provider.", example: "p4d.24xlarge") {
            entry, draft, _ in
            draft.request.instanceType = entry.value.scalar
        },
        Field("use_spot", .boolean, "Machines that may be taken away, at their lower price.", example: "true") {
            entry, draft, _ in
            draft.request.useSpot = entry.value.boolean ?? false
        },
        Field("max_hourly_cost", .text(Amounts.money), "The most that one node may cost per hour.", example: "$3.50") {
            entry, draft, reading in
            draft.request.maxPricePerHour = Amounts.readMoney(entry.value, reading)
        },
    ]

    private static func accelerators(_ name: String, _ summary: String) -> Field<ResourcesDraft> {
        Field(name, AcceleratorReading.shape, summary, example: "{A100: 8, tpu-v5e: 8}") { entry, draft, reading in
            if let first = draft.wishesKey {
                reading.error(
                    "spec.conflict", at: entry.keyRange, "both 'accelerators' and 'gpus'", expected: "one of them",
                    notes: [Diagnostic.Note(range: first, message: "first given here")])
            }
            let complaints = reading.complaints.count
            (draft.wishes, draft.wishesAreOrdered) = AcceleratorReading.read(entry, reading)
            draft.wishesKey = entry.keyRange
            draft.hasBrokenAccelerators = reading.complaints.count > complaints
        }
    }

    /// SkyPilot's `4x` is 4 GiB for each CPU.
    private static func readMemory(_ entry: YAMLNode.Entry, _ draft: inout ResourcesDraft, _ reading: Reading) {
        draft.memoryPerCPU = nil
        draft.request.memory = nil
        if let text = entry.value.scalar, text.hasSuffix("x"), let share = decimal(String(text.dropLast())), share > 0 {
            draft.memoryPerCPU = Located(share, entry.value.range)
        } else {
            draft.request.memory = Amounts.readMemory(entry.value, reading)
        }
    }

    private static let disks: [Field<ResourcesDraft>] = [
        Field(
            "disk_size", .anyOf([.number, .text(Amounts.diskSize)]), "GB of disk, or a size with a unit.",
            example: "256"
        ) { entry, draft, reading in
            draft.request.diskSize = Amounts.readDiskSize(entry.value, reading)
        },
        Field(
            "disk_tier", .text(.oneOf(["low", "medium", "high", "ultra", "best", "none"], ignoringCase: true)),
            "How fast the disk is; none for whatever there is.", example: "high"
        ) { entry, draft, _ in
            let tier = entry.value.scalar?.lowercased()
            draft.request.diskTier = tier == "none" ? nil : tier
        },
        Field(
            "network_tier", .text(.oneOf(["standard", "best"], ignoringCase: true)), "How fast the network is.",
            example: "best"
        ) { entry, draft, _ in
            draft.request.networkTier = entry.value.scalar?.lowercased()
        },
        Field(
            "local_disk", .text(LocalDisks.form), "SkyPilot: the disk inside the machine; its size has no effect.",
            example: "nvme"
        ) { entry, draft, reading in
            draft.localDisks = LocalDisks.read(entry, reading)
        },
    ]

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
        Field("region", .plainText, "A provider's region alone.", example: "us-east-1") { entry, draft, _ in
            draft.region = entry.value.scalar
        },
        Field("zone", .plainText, "The zone alone.", example: "us-east-1a") { entry, draft, _ in
            draft.zone = entry.value.scalar
        },
        Field(
            "regions", AreaFields.shape,
            "Parts of the world that it must stay in: continents, eu, eea, countries; of several, any one; any for all.",
            example: "[eu, us]"
        ) { entry, draft, reading in
            draft.areas = AreaFields.read(entry.value, reading)
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
            "The image that nodes start from; docker:NAME for a container; by region, only these regions will do.",
            example: "docker:pytorch/pytorch:latest"
        ) { entry, draft, reading in
            Images.read(entry, into: &draft, reading)
        },
    ]

    private static let numNodes = Field<ResourcesDraft>(
        "num_nodes", .wholeNumber, "How many of these nodes work together, instead of the stage's number.",
        example: "4"
    ) { entry, draft, reading in
        draft.request.numNodes = Amounts.readCount(entry.value, what: "nodes", reading)
    }

    private static let alternatives: [Field<ResourcesDraft>] = ["any_of", "ordered"].map { name in
        let summary =
            name == "ordered"
            ? "Whole requests in order of preference: the first that can be had at all is taken."
            : "Whole requests of which any one will do."
        return Field(
            name, .list(.section("alternative")), summary,
            example: "[{infra: aws, accelerators: A100:8}, {infra: gcp, accelerators: tpu-v5e:8}]"
        ) { entry, draft, reading in
            if let first = draft.alternativesKey {
                reading.error(
                    "spec.conflict", at: entry.keyRange, "both '\(first.value)' and '\(entry.key)'",
                    expected: "one of them",
                    notes: [Diagnostic.Note(range: first.range, message: "first given here")])
            }
            draft.alternatives = reading.elements(of: entry.value)
            draft.alternativesKey = Located(entry.key, entry.keyRange)
        }
    }
}

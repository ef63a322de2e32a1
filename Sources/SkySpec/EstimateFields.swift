import SkyCore
import SkyYAML

/// `estimate`: how long a stage takes, as its author believes.
enum EstimateFields {
    /// The key of what holds on all other accelerators.
    private static let otherwise = "default"

    static let shape = Shape.anyOf([
        .text(Figures.duration.range), .map(keys: AcceleratorReading.form, values: Figures.duration.shape),
        .section(Figures.duration.name),
    ])

    static func read(_ entry: YAMLNode.Entry, _ reading: Reading) -> EstimateDraft {
        var draft = EstimateDraft()
        guard entry.value.mapping != nil, !Figures.duration.isFigure(entry.value) else {
            draft.general = Figures.duration.read(entry.value, at: entry.keyRange, reading)
            return draft
        }
        for shape in reading.entries(of: entry.value) {
            let duration = Figures.duration.read(shape.value, at: shape.keyRange, reading)
            if shape.key == otherwise {
                draft.general = duration
                continue
            }
            let accelerator = AcceleratorReading.parse(Located(shape.key, shape.keyRange), reading)
            guard let duration, let accelerator else { continue }
            draft.perAccelerator.append(
                EstimateDraft.Shape(
                    accelerator: Located(accelerator, shape.keyRange), hasCount: saysCount(shape.key, accelerator),
                    duration: duration))
        }
        return draft
    }

    /// `A100:8` and the TPU slice `tpu-v6e-16` do, `A100` does not.
    private static func saysCount(_ key: String, _ accelerator: AcceleratorCount) -> Bool {
        key.contains(":") || accelerator.count != 1
    }

    /// The lines of `estimate` in a file; none for no estimate.
    static func lines(_ estimate: DurationEstimate) -> [String] {
        let kind = Figures.duration
        guard !estimate.perAccelerator.isEmpty else {
            return estimate.general.map { ["estimate: \(kind.text($0))"] } ?? []
        }
        return ["estimate:"]
            + estimate.perAccelerator.map {
                "  \(YAMLText.quoted($0.accelerator.description)): \(kind.text($0.duration))"
            }
            + (estimate.general.map { ["  \(otherwise): \(kind.text($0))"] } ?? [])
    }
}

/// Says of which accelerators the estimates of a stage are, and complains about those of none that it asks for.
struct EstimateResolver {
    let reading: Reading

    func resolve(_ stage: StageDraft, for requests: [ResourceRequest]) -> DurationEstimate {
        var result = DurationEstimate(general: stage.estimate.general)
        // Of what is asked for by its memory alone, any model may come.
        let isOpen =
            requests.contains { $0.acceleratorMemory != nil || $0.acceleratorCount != nil }
            || stage.resources.hasBrokenAccelerators || stage.wrongFields.contains("resources")
        for shape in stage.estimate.perAccelerator {
            guard let accelerator = accelerator(of: shape, stage, requests, isOpen: isOpen) else { continue }
            if result.perAccelerator.contains(where: { $0.accelerator == accelerator }) {
                reading.error(
                    "spec.duplicate", at: shape.accelerator.range, "a second estimate for \(accelerator)",
                    expected: "one for each")
                continue
            }
            result.perAccelerator.append(
                DurationEstimate.PerAccelerator(accelerator: accelerator, duration: shape.duration))
        }
        return result
    }

    /// A name without a count means the count that the stage asks for.
    private func accelerator(
        of shape: EstimateDraft.Shape, _ stage: StageDraft, _ requests: [ResourceRequest], isOpen: Bool
    ) -> AcceleratorCount? {
        let given = shape.accelerator.value
        let asked = requests.flatMap(\.accelerators)
        if asked.contains(given) { return given }
        var counts: [AcceleratorCount] = []
        for one in asked where one.name == given.name && !counts.contains(one) { counts.append(one) }
        if !shape.hasCount, let only = counts.first {
            if counts.count == 1 { return only }
            reading.error(
                "spec.bad-estimate", at: shape.accelerator.range,
                "'\(stage.name.value)' asks for \(given.name) in several numbers",
                expected: reading.choice(of: counts.map(\.description)))
            return nil
        }
        if isOpen {
            let count = requests.lazy.compactMap(\.acceleratorCount).first { $0.isExact }?.least
            return shape.hasCount ? given : AcceleratorCount(name: given.name, count: count ?? given.count)
        }
        let names = asked.map(\.description)
        reading.error(
            "spec.bad-estimate", at: shape.accelerator.range,
            "an estimate for \(given), which '\(stage.name.value)' does not ask for",
            expected: names.isEmpty
                ? "estimate: 2h, since the stage asks for no accelerators" : reading.choice(of: names),
            help: reading.suggestion(for: given.description, among: names))
        return nil
    }
}

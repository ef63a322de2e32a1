import SkyCore

/// Finds data that must stay where its makers or its readers may not be: no plan could ever keep both.
struct ResidencyCheck {
    let reading: Reading
    let drafts: [StageDraft]

    /// `stages` are those of `drafts`, in the same order.
    func check(_ stages: [Stage]) {
        guard stages.contains(where: { stage in stage.outputs.contains { !$0.areas.isEmpty } }) else { return }
        let makers = Dictionary(stages.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for (stage, draft) in zip(stages, drafts) {
            let places = Self.countries(of: stage)
            for (output, outputDraft) in zip(stage.outputs, draft.outputs) {
                complain(output.areas, against: places, stage, "output '\(output.name)'", at: outputDraft.name)
            }
            for input in stage.inputs {
                guard case .output(let maker, let name) = input.source,
                    let output = makers[maker]?.outputs.first(where: { $0.name == name }),
                    let inputDraft = draft.inputs.first(where: { $0.name.value == input.name })
                else { continue }
                complain(
                    output.areas, against: places, stage, "'\(maker).\(name)', which it reads,", at: inputDraft.name)
            }
        }
    }

    private func complain(
        _ areas: [String], against places: Set<String>?, _ stage: Stage, _ data: String, at name: Located<String>
    ) {
        guard let places, let limit = Self.countries(of: areas), places.isDisjoint(with: limit) else { return }
        let own = stage.acceptableResources.flatMap(\.areas)
        reading.error(
            "spec.conflict", at: name.range,
            "\(data) must stay in \(Self.either(areas)), but stage '\(stage.name)' runs in \(Self.either(own)) only",
            expected: "regions that have a country in common")
    }

    /// Where a stage may run; nil for anywhere.
    private static func countries(of stage: Stage) -> Set<String>? {
        stage.acceptableResources.map { countries(of: $0.areas) }.reduce(Set()) { union, more in
            union.flatMap { union in more.map { union.union($0) } }
        }
    }

    private static func countries(of areas: [String]) -> Set<String>? {
        areas.isEmpty ? nil : areas.reduce(into: Set()) { $0.formUnion(Areas.members(of: $1) ?? []) }
    }

    private static func either(_ areas: [String]) -> String {
        var names: [String] = []
        for area in areas where !names.contains(area) { names.append(area) }
        return names.joined(separator: " or ")
    }
}

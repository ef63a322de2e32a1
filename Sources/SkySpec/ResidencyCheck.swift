import SkyCore

extension Pipeline {
    /// Where the data that `stage` writes and reads must stay, a list for each that is bound: the stage may run only
    /// where all of them admit it (`Areas.admit`). What its own requests say stands in them.
    public func dataAreas(of stage: Stage) -> [[String]] {
        let read = stage.inputs.compactMap { input -> [String]? in
            guard case .output(let maker, let name) = input.source else { return nil }
            return self.stage(named: maker)?.outputs.first { $0.name == name }?.areas
        }
        var lists: [[String]] = []
        for areas in stage.outputs.map(\.areas) + read where !areas.isEmpty && !lists.contains(areas) {
            lists.append(areas)
        }
        return lists
    }
}

/// Finds data that must stay where its makers or its readers may not be: no plan could ever keep both.
struct ResidencyCheck {
    let reading: Reading
    let drafts: [StageDraft]

    /// `stages` are those of `drafts`, in the same order.
    func check(_ stages: [Stage]) {
        guard stages.contains(where: { stage in stage.outputs.contains { !$0.areas.isEmpty } }) else { return }
        let makers = Dictionary(stages.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for (stage, draft) in zip(stages, drafts) {
            var place = Place(of: stage)
            for (output, outputDraft) in zip(stage.outputs, draft.outputs) {
                narrow(&place, to: output.areas, stage, "output '\(output.name)'", at: outputDraft.name)
            }
            for input in stage.inputs {
                guard case .output(let maker, let name) = input.source,
                    let output = makers[maker]?.outputs.first(where: { $0.name == name }),
                    let inputDraft = draft.inputs.first(where: { $0.name.value == input.name })
                else { continue }
                narrow(&place, to: output.areas, stage, "'\(maker).\(name)', which it reads,", at: inputDraft.name)
            }
        }
    }

    /// Where a stage may run, and by which words.
    private struct Place {
        /// Nil: anywhere.
        var countries: Set<String>?
        var words: [String]

        init(of stage: Stage) {
            countries = stage.acceptableResources.map { ResidencyCheck.countries(of: $0.areas) }.reduce(Set()) {
                union, more in union.flatMap { union in more.map { union.union($0) } }
            }
            words = countries == nil ? [] : [ResidencyCheck.either(stage.acceptableResources.flatMap(\.areas))]
        }
    }

    private func narrow(
        _ place: inout Place, to areas: [String], _ stage: Stage, _ data: String, at name: Located<String>
    ) {
        guard let limit = Self.countries(of: areas) else { return }
        guard let countries = place.countries, countries.isDisjoint(with: limit) else {
            place.countries = place.countries?.intersection(limit) ?? limit
            if !place.words.contains(Self.either(areas)) { place.words.append(Self.either(areas)) }
            return
        }
        reading.error(
            "spec.conflict", at: name.range,
            "\(data) must stay in \(Self.either(areas)), but stage '\(stage.name)' must run in"
                + " \(place.words.joined(separator: " and in "))",
            expected: "regions that have a country in common")
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

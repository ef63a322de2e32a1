/// The stages of a draft by name.
struct StageIndex {
    /// As the file calls them, in its order, for messages.
    private(set) var names: [String] = []
    private let stages: [String: StageDraft]
    /// Those of each `matrix`, by the name in the file.
    private var cells: [String: [StageDraft]] = [:]

    init(_ drafts: [StageDraft]) {
        stages = Dictionary(drafts.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
        for draft in drafts {
            guard let cell = draft.cell else {
                names.append(draft.name.value)
                continue
            }
            if cells[cell.stage] == nil { names.append(cell.stage) }
            cells[cell.stage, default: []].append(draft)
        }
    }

    /// The stages that `name` means to `reader`: one, or those of a matrix that agree with the reader's own values.
    func makers(_ name: some StringProtocol, for reader: StageDraft) -> [StageDraft] {
        if let one = self[name] { return [one] }
        let group = cells[String(name)] ?? []
        guard let own = reader.cell else { return group }
        return group.filter { $0.cell.map(own.agrees) ?? true }
    }

    /// Whether `name` is what the file calls a stage, or one of a matrix.
    func contains(_ name: some StringProtocol) -> Bool { self[name] != nil || cells[String(name)] != nil }

    subscript(name: some StringProtocol) -> StageDraft? { stages[String(name)] }
}

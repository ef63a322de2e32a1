/// The stages of a draft by name.
struct StageIndex {
    /// In file order, for messages.
    let names: [String]
    private let stages: [String: StageDraft]

    init(_ drafts: [StageDraft]) {
        names = drafts.map(\.name.value)
        stages = Dictionary(drafts.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
    }

    subscript(name: some StringProtocol) -> StageDraft? { stages[String(name)] }
}

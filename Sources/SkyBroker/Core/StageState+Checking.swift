/// What only those look at who check that the core keeps its promises.
extension StageState {
    /// Two tries may hold machines now: one works, and one is to take over.
    package var isHandingOver: Bool { handover != nil }
}

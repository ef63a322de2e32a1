/// What only those look at who check that the core keeps its promises.
extension StageState {
    /// Two tries may hold machines now: one works, and one is to take over.
    package var isHandingOver: Bool { handover != nil }
}

extension RunState {
    /// Looks at a state in the place where it is kept. To ask a class for it would copy it, and it is large.
    package mutating func borrow<Result>(_ body: (RunState) -> Result) -> Result { body(self) }
}

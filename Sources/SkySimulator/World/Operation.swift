import SkyBroker
import SkyCore

/// An effect that is under way.
struct Operation {
    let run: Int
    let stage: Int
    /// Of the attempt it is about; 0 when it is about none.
    let attempt: Int
    let id: Effect.ID
    let work: Effect.Work
    /// The broker that began it still wants to know.
    var isHeard = true
    /// It comes again from the queue of happenings; else it waits for something on a node, or for ever.
    var isQueued = false
    /// What it will say when it comes from the queue; nil: it has yet to be carried out.
    var answer: RunEvent?
    /// How often it was tried.
    var tries = 0
}

/// All operations, in slots that are used again.
struct Operations {
    struct Reference: Hashable {
        fileprivate let slot: Int32
        fileprivate let generation: UInt32
    }

    private var slots: [Operation?] = []
    private var generations: [UInt32] = []
    private var free: [Int32] = []

    mutating func add(_ operation: Operation) -> Reference {
        if let slot = free.popLast() {
            slots[Int(slot)] = operation
            return Reference(slot: slot, generation: generations[Int(slot)])
        }
        slots.append(operation)
        generations.append(0)
        return Reference(slot: Int32(slots.count - 1), generation: 0)
    }

    /// Nil once it is over.
    subscript(_ reference: Reference) -> Operation? {
        get { isCurrent(reference) ? slots[Int(reference.slot)] : nil }
        set { if isCurrent(reference), newValue != nil { slots[Int(reference.slot)] = newValue } }
    }

    func isCurrent(_ reference: Reference) -> Bool { generations[Int(reference.slot)] == reference.generation }

    mutating func update(_ reference: Reference, _ body: (inout Operation) -> Void) {
        guard isCurrent(reference), slots[Int(reference.slot)] != nil else { return }
        body(&slots[Int(reference.slot)]!)
    }

    mutating func remove(_ reference: Reference) {
        guard isCurrent(reference) else { return }
        slots[Int(reference.slot)] = nil
        generations[Int(reference.slot)] &+= 1
        free.append(reference.slot)
    }
}

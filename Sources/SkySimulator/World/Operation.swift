import SkyBroker
import SkyCore

/// An effect that is under way.
final class Operation {
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

    init(run: Int, stage: Int, attempt: Int, id: Effect.ID, work: Effect.Work) {
        self.run = run
        self.stage = stage
        self.attempt = attempt
        self.id = id
        self.work = work
    }
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
    subscript(_ reference: Reference) -> Operation? { isCurrent(reference) ? slots[Int(reference.slot)] : nil }

    func isCurrent(_ reference: Reference) -> Bool { generations[Int(reference.slot)] == reference.generation }

    mutating func remove(_ reference: Reference) {
        guard isCurrent(reference) else { return }
        slots[Int(reference.slot)] = nil
        generations[Int(reference.slot)] &+= 1
        free.append(reference.slot)
    }
}

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

/// What one stage has under way.
struct UnderWay {
    private(set) var ids: [Effect.ID] = []
    /// In the same order.
    private var operations: [Operations.Reference] = []

    mutating func add(_ id: Effect.ID, _ operation: Operations.Reference) {
        ids.append(id)
        operations.append(operation)
    }

    /// - Returns: those that are left, in the order in which they were begun.
    mutating func keepOnly(_ wanted: [Effect.ID]) -> [Operations.Reference] {
        guard !ids.allSatisfy(wanted.contains) else { return [] }
        var left: [Operations.Reference] = []
        for index in ids.indices.reversed() where !wanted.contains(ids[index]) {
            left.append(operations.remove(at: index))
            ids.remove(at: index)
        }
        return left.reversed()
    }
}

import SkyBroker
import SkyCore

extension RunEvent {
    /// Which event of which attempt it is, so that a death at it can be told apart and named again.
    func coordinates(among stages: [String]) -> (stage: Int, attempt: Int, count: Int) {
        func position(_ stage: String) -> Int { stages.firstIndex(of: stage) ?? 0xfff }
        func place(_ id: AttemptID, _ count: Int) -> (Int, Int, Int) {
            (position(id.stage), id.number, count)
        }
        func place(_ stage: String, _ count: Int) -> (Int, Int, Int) {
            (position(stage), 0, count)
        }
        switch self {
        case .launched: return (0, 0, 0)
        case .lookedUp(let stage, _, _): return place(stage, 1)
        case .provisioned(let id, _): return place(id, 2)
        case .provisionFailed(let id, _): return place(id, 3)
        case .delivered(let id, _): return place(id, 4)
        case .jobEnded(let id, _, _, _, _): return place(id, 5)
        case .serviceReady(let id, _): return place(id, 6)
        case .collected(let id, _): return place(id, 7)
        case .attemptFailed(let id, _): return place(id, 8)
        case .checkpointed(let id, _, let number): return place(id, 9 + number << 5)
        case .checkpointFailed(let id, _, let number): return place(id, 10 + number << 5)
        case .lossNoticed(let id, _): return place(id, 11)
        case .released(let id, _): return place(id, 12)
        case .alarm(let alarm): return place(alarm.stage ?? "", 13 + alarm.serial << 5)
        case .relocated(let stage, _, _): return place(stage, 14)
        case .notRelocatable(let stage, _): return place(stage, 15)
        case .answered(let question, _): return place(question.stage ?? "", 16 + question.number << 5)
        case .nobodyToAsk(let question): return place(question.stage ?? "", 17 + question.number << 5)
        case .stopRequested: return (0, 0, 18)
        case .haltRequested(let number): return (0, number, 20)
        case .startRequested(let number): return (0, number, 21)
        case .halted(let id, _): return place(id, 22)
        case .notHalted(let id, _): return place(id, 23)
        case .driverStarted(let process): return (0, Int(process), 19)
        case .relayed(let id, _): return place(id, 20)
        }
    }
}

import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec

extension RunEvent {
    /// What happened, in a few words.
    var words: String {
        switch self {
        case .launched(let launch): "launched \(launch.pipeline.name)"
        case .lookedUp(let stage, let reuse, _): "\(stage) was \(reuse == nil ? "never done before" : "done before")"
        case .provisioned(let id, _): "\(id.short) has its machines"
        case .provisionFailed(let id, let error):
            "\(id.short) gets no machines: \(error.kind.rawValue), \(error.message)"
        case .delivered(let id, _): "\(id.short) has its inputs"
        case .relayed(let id, let relay): "\(relay.path) of \(id.short) goes by way of the broker"
        case .jobEnded(let id, let code, _, _, _): "the command of \(id.short) ended with \(code)"
        case .serviceReady(let id, _): "\(id.short) is ready"
        case .collected(let id, let outputs): "\(outputs.count) outputs of \(id.short) are stored"
        case .attemptFailed(let id, let failure): "\(id.short) fails: \(failure.words)"
        case .checkpointed(let id, _, let number): "checkpoint \(number) of \(id.short) is stored"
        case .checkpointFailed(let id, let message, let number):
            "checkpoint \(number) of \(id.short) is not stored: \(message)"
        case .lossNoticed(let id, _): "the machines of \(id.short) will be taken in two minutes"
        case .released(let id, let held): "\(id.short) gave back \(held == nil ? "nothing" : "its machines")"
        case .alarm(let alarm): "a clock rings: \(alarm.slot) of \(alarm.stage ?? "the run")"
        case .relocated(let stage, let planned, _):
            "\(stage) would move to \(planned.offer.provider)/\(planned.offer.region) \(planned.offer.instanceType)"
        case .notRelocatable(let stage, let message): "\(stage) can move nowhere: \(message)"
        case .answered(let question, let isYes): "a person says \(isYes ? "yes" : "no") to: \(question.text)"
        case .nobodyToAsk(let question): "nobody is there to be asked: \(question.text)"
        case .stopRequested(let reason): "a person asks for \(reason.rawValue)"
        case .haltRequested: "a person stops the run for a while"
        case .startRequested: "a person starts the run again"
        case .halted(let id, _): "the machines of \(id.short) are stopped"
        case .notHalted(let id, let message): "the machines of \(id.short) cannot be stopped: \(message)"
        case .driverStarted: "a broker starts"
        }
    }
}

extension AttemptID {
    fileprivate var short: String { "\(stage) #\(number)" }
}

extension AttemptFailure {
    fileprivate var words: String {
        switch self {
        case .nodesLost(let message), .transient(let message), .stage(let message): message
        case .inputsLost(let names): "lost: \(names.joined(separator: ", "))"
        }
    }
}

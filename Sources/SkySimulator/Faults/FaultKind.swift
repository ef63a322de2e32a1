/// What can go wrong, and what people do in the middle of it.
public enum FaultKind: UInt8, CaseIterable, Hashable, Sendable {
    // Providers.
    case stockOut, quota, credentials, rateLimit, passingTrouble, badRequest, slowCreate, hungCreate, bootFailure
    case lostCreateReply, lateCreate, preemption, unannouncedPreemption, nodeLoss, falseAbsence, terminateFailure
    case slowTerminate, lostTerminateReply
    // Jobs, files and the way to nodes.
    case jobFailure, serviceEnd, neverReady, missingOutput, artifactRot, checkpointFailure, channelTrouble, stuckWork
    // Answers.
    case repeatedAnswer, lateAnswer
    // The broker and its journal.
    case killBeforeAppend, killBeforeEffects, killAmidEffects, kill, fullDisk, clockStep
    // People.
    case cancel, down, refusal, nobodyThere, stop

    /// As `faults.yaml` and `--only-fault` write it: `lost_create_reply`.
    public var name: String { Self.names[Int(rawValue)] }

    public init?(name: String) {
        guard let index = Self.names.firstIndex(of: name) else { return nil }
        self = Self.allCases[index]
    }

    private static let names: [String] = allCases.map { kind in
        "\(kind)".reduce(into: "") { text, letter in
            text += letter.isUppercase ? "_\(letter.lowercased())" : String(letter)
        }
    }

    /// What happens, in a few words.
    public var sentence: String {
        switch self {
        case .stockOut: "a machine type is sold out in a zone for a while"
        case .quota: "an account may not have more in a region for a while"
        case .credentials: "a provider does not know the account for a while"
        case .rateLimit: "a call is refused because there were too many"
        case .passingTrouble: "a call fails and would not the next time"
        case .badRequest: "a provider says that the request can never work"
        case .slowCreate: "machines take far longer to come than usual"
        case .hungCreate: "a request for machines is carried out and never answered"
        case .bootFailure: "machines come and do not boot, and are given back"
        case .lostCreateReply: "machines are made, and the answer says that it timed out"
        case .lateCreate: "a request for machines is under way for up to a minute before it arrives"
        case .preemption: "a spot machine is taken back after a notice"
        case .unannouncedPreemption: "a spot machine is taken back without notice"
        case .nodeLoss: "a machine on demand dies"
        case .falseAbsence: "a provider's list does not show a group that is there"
        case .terminateFailure: "giving machines back fails some times"
        case .slowTerminate: "giving machines back takes up to an hour"
        case .lostTerminateReply: "machines are given back, and the answer is lost"
        case .jobFailure: "a command ends with an exit code other than 0"
        case .serviceEnd: "a service ends by itself"
        case .neverReady: "a service never becomes ready"
        case .missingOutput: "a command does not write its output"
        case .artifactRot: "a stored artifact is lost"
        case .checkpointFailure: "a checkpoint cannot be fetched"
        case .channelTrouble: "the connection to a node breaks for a while"
        case .stuckWork: "what is being done never ends"
        case .repeatedAnswer: "an answer comes twice, the second time late"
        case .lateAnswer: "an answer comes that nobody waits for any more"
        case .killBeforeAppend: "the broker dies before it writes down what it heard"
        case .killBeforeEffects: "the broker dies after it wrote something down, before anything followed from it"
        case .killAmidEffects: "the broker dies with some of what follows begun"
        case .kill: "the broker dies while it waits"
        case .fullDisk: "the journal's disk is full for a while"
        case .clockStep: "the broker's clock is set to another time"
        case .cancel: "a person cancels the run"
        case .down: "a person takes the run down"
        case .refusal: "a person says no"
        case .nobodyThere: "nobody is there to be asked"
        case .stop: "a person stops the run, and starts it again some time later"
        }
    }
}

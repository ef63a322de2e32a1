import SkyBroker

/// What comes from the queue.
enum Happening {
    case launch(run: Int)
    /// The broker takes what is in its mailbox.
    case turn(run: Int, incarnation: Int)
    /// An operation arrives where it is carried out, or its answer arrives here.
    case operation(Operations.Reference)
    /// A letter comes that nobody may be waiting for.
    case letter(run: Int, number: Int)
    case kill(run: Int)
    case restart(run: Int)
    /// A person does what is noted under this number.
    case person(run: Int, number: Int)
    case node(AttemptPlace, NodeHappening)
}

enum PersonAct: Hashable {
    case stop(StopReason)
    case halt(number: Int)
    case start(afterHalt: Int)
    case answer(Question, isYes: Bool)
}

enum NodeHappening: Hashable {
    /// The provider says that it will take the machines in two minutes.
    case notice
    case taken
    case bootFailed
    case jobEnds
}

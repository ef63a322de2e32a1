public import SkyCore
public import SkyPlacement
public import SkyProviders

/// Something the driver should be doing now. Each is safe to begin again from the start: its token is the attempt's.
public enum Effect: Hashable, Sendable {
    /// Ask whether this stage was done before with the same inputs, command, environment and code.
    case lookUp(stage: String, inputs: [StoredArtifact])
    case provision(AttemptID, PlannedStage, zone: String?)
    /// Bring code and inputs to the nodes.
    case deliver(AttemptID, NodeGroup, inputs: [StoredArtifact], code: StoredArtifact?)
    /// Start the job on every node and wait until it has ended.
    case run(AttemptID, NodeGroup, AcceleratorCount?)
    /// Start the service, and say when it is ready.
    case probe(AttemptID, NodeGroup, AcceleratorCount?)
    /// Watch a ready service until it ends.
    case watch(AttemptID, NodeGroup, AcceleratorCount?, url: String)
    /// Put the outputs into the store of the stage's location.
    case collect(AttemptID, NodeGroup)
    /// Give the attempt's nodes back, whether or not they ever came.
    case release(AttemptID, provider: String)
    case pause(stage: String, until: Instant)
    /// Choose another place for the stage; those that refused are named.
    case relocate(stage: String, excluded: [PlaceConstraint])
}

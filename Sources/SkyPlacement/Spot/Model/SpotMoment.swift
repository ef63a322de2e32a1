/// What is known at the start of a tick, when it is to be decided what the job does during it. Times in seconds.
public struct SpotMoment: Hashable, Sendable {
    /// Time since the job's start.
    public let elapsed: Double
    /// Work done.
    public let progress: Double
    /// What is left of the last start's delay; means nothing while idle.
    public let pendingDelay: Double
    /// What the job holds; a machine that was just taken away is not held any more.
    public let holding: SpotChoice
    public let isSpotAvailable: Bool
    /// Nil but for policies that look ahead.
    public let foresight: SpotForesight?

    public init(
        elapsed: Double, progress: Double, pendingDelay: Double, holding: SpotChoice, isSpotAvailable: Bool,
        foresight: SpotForesight? = nil
    ) {
        self.elapsed = elapsed
        self.progress = progress
        self.pendingDelay = pendingDelay
        self.holding = holding
        self.isSpotAvailable = isSpotAvailable
        self.foresight = foresight
    }
}

/// What nobody knows: the part of the future that some policies of the literature are told. Times in seconds.
public struct SpotForesight: Hashable, Sendable {
    /// Until spot is available; 0 when it is.
    public let wait: Double
    /// How long it then stays, the present tick counted; up to the trace's end at most.
    public let length: Double
}

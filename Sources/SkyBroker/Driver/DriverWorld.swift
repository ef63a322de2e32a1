public import SkyCatalog
public import SkyCore
public import SkyHTTP
public import SkyPlacement
public import SkyProviders
import SkySpec
public import SkyStorage

/// Everything outside the core that a driver touches, handed in so that tests can hand in something else.
public struct DriverWorld: Sendable {
    /// A fresh choice of place for one stage, and its zones.
    public typealias Relocation =
        @Sendable (_ launch: Launch, _ request: RelocationRequest) async throws -> (PlannedStage, zones: [String])

    public struct RelocationRequest: Sendable {
        public var stage: String
        /// Where the stages are that have begun.
        public var pinned: [String: Offer]
        public var excluded: [BlockedPlace]
        /// Spot machines are out of the question.
        public var onDemandOnly: Bool
        /// Since the stage began: a deadline of its own is nearer by this.
        public var elapsed: TimeSpan

        public init(
            stage: String, pinned: [String: Offer], excluded: [BlockedPlace], onDemandOnly: Bool = false,
            elapsed: TimeSpan = .zero
        ) {
            self.stage = stage
            self.pinned = pinned
            self.excluded = excluded
            self.onDemandOnly = onDemandOnly
            self.elapsed = elapsed
        }
    }

    public typealias MountedRemote = @Sendable (_ address: String) async throws -> RcloneRemote

    public var folder: StateFolder
    public var journal: Journal
    /// Nil for a provider that nobody knows.
    public var adapter: @Sendable (_ provider: String) -> (any ProviderAdapter)?
    /// Where artifacts of a location are kept.
    public var store: @Sendable (Location) -> any ArtifactStore
    /// What pipelines name by addresses.
    public var inputs: any InputSource
    /// Egress per 10⁹ bytes between two locations.
    public var pricePerGigabyte: @Sendable (_ from: Location, _ to: Location) async -> Money
    public var relocate: Relocation
    /// Whether what this provider rents is what its offers say, so that how long a stage takes there is worth knowing.
    public var isReal: @Sendable (_ provider: String) -> Bool
    /// For asking services whether they are ready.
    public var http: HTTPClient
    /// Where secrets' values come from: the driver's own environment, and what it was handed.
    public var environment: [String: String]
    /// What a process must know to mount the bucket at an address. Nil where no stage can mount any.
    public var mountedRemote: MountedRemote?
    /// The wall clock. A run that is driven counts on by a clock of its own (`RunClock`).
    public var now: @Sendable () -> Instant
    /// Whether somebody watches the run who can be asked something.
    public var isWatched: @Sendable (RunID) -> Bool
    /// One line for the driver's log.
    public var log: @Sendable (String) -> Void

    public init(
        folder: StateFolder, journal: Journal, adapter: @escaping @Sendable (String) -> (any ProviderAdapter)?,
        store: @escaping @Sendable (Location) -> any ArtifactStore, inputs: any InputSource = NoInputs(),
        pricePerGigabyte: @escaping @Sendable (Location, Location) async -> Money,
        relocate: @escaping Relocation, isReal: @escaping @Sendable (String) -> Bool, http: HTTPClient,
        environment: [String: String], mountedRemote: MountedRemote? = nil,
        now: @escaping @Sendable () -> Instant, isWatched: @escaping @Sendable (RunID) -> Bool = { _ in false },
        log: @escaping @Sendable (String) -> Void
    ) {
        self.folder = folder
        self.journal = journal
        self.adapter = adapter
        self.store = store
        self.inputs = inputs
        self.pricePerGigabyte = pricePerGigabyte
        self.relocate = relocate
        self.isReal = isReal
        self.http = http
        self.environment = environment
        self.mountedRemote = mountedRemote
        self.now = now
        self.isWatched = isWatched
        self.log = log
    }
}

extension DriverWorld {
    /// How long nodes stay without hearing from their driver before they end themselves: docs/runtime.md argues for it.
    static let usualLease = TimeSpan.seconds(2 * 3600)

    /// Nil for a run whose file wants none.
    func lease(of launch: Launch) -> TimeSpan? {
        let lease = launch.pipeline.lease ?? Self.usualLease
        return lease > .zero ? lease : nil
    }
}

/// Where a job stands between two ticks. Times in seconds.
struct SpotJobState {
    private let setting: SpotSetting
    /// The next tick's number, counted from the job's start.
    private(set) var tick = 0
    private(set) var isDone: Bool
    /// When it is done: the moment of its end, inside the last tick.
    private(set) var end = 0.0
    private(set) var spotTicks = 0
    private(set) var onDemandTicks = 0
    private(set) var changeovers = 0

    private var progress = 0.0
    private var pendingDelay = 0.0
    /// What ran during the last tick.
    private var last = SpotChoice.idle

    init(_ setting: SpotSetting) {
        self.setting = setting
        isDone = setting.work <= SpotSimulation.tolerance
    }

    func moment(_ isAvailable: Bool, _ foresight: SpotForesight?) -> SpotMoment {
        SpotMoment(
            elapsed: Double(tick) * setting.tick, progress: progress, pendingDelay: pendingDelay,
            holding: last == .spot && !isAvailable ? .idle : last, isSpotAvailable: isAvailable, foresight: foresight)
    }

    /// Lets a tick pass in which the job does `choice`, having held `holding` before.
    mutating func run(_ choice: SpotChoice, from holding: SpotChoice) {
        if choice != .idle, choice != holding {
            pendingDelay = setting.changeover
            changeovers += 1
        }
        last = choice
        switch choice {
        case .idle: break
        case .spot: spotTicks += 1
        case .onDemand: onDemandTicks += 1
        }
        if choice != .idle { work() }
        tick += 1
    }

    private mutating func work() {
        let work = max(setting.tick - pendingDelay, 0)
        let served = setting.tick - work
        let done = min(work, setting.work - progress)
        pendingDelay -= served
        if pendingDelay < SpotSimulation.tolerance { pendingDelay = 0 }
        progress += done
        guard setting.work - progress <= SpotSimulation.tolerance else { return }
        isDone = true
        end = Double(tick) * setting.tick + served + done
    }
}

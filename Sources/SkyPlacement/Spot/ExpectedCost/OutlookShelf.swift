import SkyCore
import Synchronization

/// Outlooks that were worked out once: runs of the same job under the same model share them.
final class OutlookShelf: Sendable {
    struct Key: Hashable {
        let model: SpotModel
        let work: Double
        let slack: Double
        let delay: Double
        let tick: Double
        let spotPrice: Double
    }

    /// More are thrown away all at once; one takes about 100 kB.
    private static let capacity = 256

    /// Steps of work, and of slack.
    struct Resolution: Sendable {
        var works = 24
        var slacks = 32
    }

    private let resolution: Resolution
    private let known = Mutex<[Key: CostOutlook]>([:])

    init(_ resolution: Resolution = Resolution()) { self.resolution = resolution }

    func outlook(_ key: Key) -> CostOutlook {
        if let outlook = known.withLock({ $0[key] }) { return outlook }
        let outlook = Self.workOut(key, resolution)
        known.withLock { known in
            if known.count >= Self.capacity { known.removeAll() }
            known[key] = outlook
        }
        return outlook
    }

    static func workOut(_ key: Key, _ resolution: Resolution = Resolution()) -> CostOutlook {
        let terms = OutlookTerms(key.model, delay: key.delay, tick: key.tick, spotPrice: key.spotPrice)
        let grid = SlackGrid(
            work: key.work, workCount: resolution.works, slack: key.slack, slackCount: resolution.slacks,
            finest: max(key.delay, 0.01) / 2)
        return CostOutlook(terms, grid: grid)
    }
}

extension OutlookShelf.Key {
    /// For the whole of a job. Hours.
    init(_ model: SpotModel, _ setting: SpotSetting) {
        let onDemand = Double(setting.job.onDemandPrice.nanodollars)
        self.init(
            model: model, work: setting.work / 3600, slack: max(setting.deadline - setting.work, 0) / 3600,
            delay: setting.changeover / 3600, tick: setting.tick / 3600,
            spotPrice: Double(setting.job.spotPrice.nanodollars) / max(onDemand, 1))
    }
}

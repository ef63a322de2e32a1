import SkyAWS
import SkyCore
import Synchronization

/// One region, with what is remembered of it while this process lives.
final class EC2Site: Sendable {
    let region: EC2Region
    let subnets = Remembered<String, [EC2Subnet]>(for: .seconds(60))
    let groups = Remembered<String, String>(for: .seconds(600))
    let images = Remembered<String, EC2Image>(for: .seconds(600))
    let types = Remembered<String, EC2TypeFacts>(for: .seconds(24 * 3600))
    /// Machines by their token.
    private let surveys: Batcher<String, [CloudMachine]>
    /// Instances that were made a moment ago: lists may not have them yet.
    private let fresh = Mutex<[String: (ids: [String], at: ContinuousClock.Instant)]>([:])

    private let endings = Mutex<[String: ContinuousClock.Instant]>([:])

    /// EC2 takes so many values of one filter.
    private static let mostValues = 200
    /// How long lists may lag behind.
    private static let lag = Duration.seconds(60)
    private static let endingPause = Duration.seconds(20)

    init(_ region: EC2Region, pageSize: Int) {
        self.region = region
        surveys = Batcher(most: Self.mostValues) { tokens in
            do throws(AWSError) {
                let machines = try await EC2Survey(region: region, pageSize: pageSize)
                    .machines(withTag: MachineTag.token, of: tokens)
                return .success(Dictionary(grouping: machines, by: \.token))
            } catch { return .failure(region.errors.providerError(error)) }
        }
    }

    /// All that were ever made under a token, as far as EC2 still tells of them.
    func machines(of token: String) async throws(ProviderError) -> [CloudMachine] {
        (try await surveys.value(token) ?? []).sorted { ($0.rank, $0.id) < ($1.rank, $1.id) }
    }

    /// Without those of an order before the last, which have ended: lists may have them and not yet the new ones.
    func machinesOfLastOrder(_ token: String) async throws(ProviderError) -> [CloudMachine] {
        let all = try await machines(of: token)
        let new = lately(madeFor: token)
        return new.isEmpty ? all : all.filter { $0.isAlive || new.contains($0.id) }
    }

    func forgetAll() async {
        await subnets.forget()
        await groups.forget()
        await images.forget()
    }

    // MARK: What was done a moment ago

    func made(_ ids: [String], for token: String) {
        let now = ContinuousClock.now
        fresh.withLock { fresh in
            fresh = fresh.filter { now - $0.value.at < Self.lag }
            fresh[token] = (ids, now)
        }
    }

    /// Instances of a token that this process has made lately.
    func lately(madeFor token: String) -> [String] {
        fresh.withLock { fresh in
            guard let made = fresh[token], .now - made.at < Self.lag else { return [] }
            return made.ids
        }
    }

    /// Those of `ids` that EC2 was not asked to end just now: it takes its time, and each asking counts.
    func notYetEnding(_ ids: [String]) -> [String] {
        let now = ContinuousClock.now
        return endings.withLock { endings in
            endings = endings.filter { now - $0.value < Self.endingPause }
            return ids.filter { endings[$0] == nil }
        }
    }

    func ending(_ ids: [String]) {
        let now = ContinuousClock.now
        endings.withLock { endings in for id in ids { endings[id] = now } }
    }
}

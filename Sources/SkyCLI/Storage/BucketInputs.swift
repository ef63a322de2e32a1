import SkyAWS
import SkyCore
import SkyHTTP
import SkySpec
import SkyStorage
import Synchronization

/// Inputs of a pipeline that are in buckets: where they are kept and how large they are is asked, so that a plan counts
/// their way. What cannot be found out is said, and left uncounted.
struct BucketInputs {
    /// With what was found.
    private(set) var pipeline: Pipeline
    /// What was not found, why, and what to type.
    private(set) var caveats: [String] = []

    private let limit: TimeSpan

    /// Nobody is asked anything when there are no such inputs.
    ///
    /// - Throws: what is wrong with `stores.yaml`.
    init(of pipeline: Pipeline, in context: CommandContext) throws {
        self.pipeline = pipeline
        limit = context.lookUpLimit
        let wanted = Self.wanted(of: pipeline)
        guard !wanted.isEmpty else { return }
        let settings = try StoreSettings.read("\(try context.paths().config)/stores.yaml")
        let surroundings = AWSSurroundings(
            environment: context.environment, caller: HTTPCaller(most: 32), now: context.now)
        do {
            // Calls end a little earlier, so that their reasons are heard.
            let patience = TimeSpan(milliseconds: limit.milliseconds * 4 / 5)
            let client = S3Client(try AWSSettings(in: surroundings), patience: patience)
            var known: [String: Location] = [:]
            for bucket in wanted.map(\.url.bucket) {
                known[bucket] = settings.location(ofBucket: bucket, of: client)
            }
            let answers = try ask(client, wanted, known)
            take(answers, wanted, known, client)
        } catch {
            caveats = wanted.map { Self.unknown($0.url, because: "\(error)") }
        }
    }

    private mutating func take(
        _ answers: [BucketQuestion: BucketAnswer], _ wanted: [WantedInput], _ known: [String: Location],
        _ client: S3Client
    ) {
        for input in wanted {
            var (location, size) = (known[input.url.bucket], DataSize?.none)
            var reason: String?
            for question in input.questions(known, client) {
                switch answers[question] {
                case .region(let region): location = Location(provider: "aws", region: region)
                case .size(let bytes): size = bytes
                case .failure(let why): reason = reason ?? why
                case nil: reason = reason ?? question.late(than: limit)
                }
            }
            fill(input.address, location, size)
            if let reason {
                caveats.append(Self.unknown(input.url, because: reason))
            } else if location == nil {
                caveats.append(Self.unplaced(input.url, client))
            }
        }
        if pipeline.stages.contains(where: { $0.inputs.contains { $0.location != nil } }) {
            caveats.append(
                "inputs in buckets come by way of this machine when the run is launched: "
                    + "what is counted is the way from the bucket to the stage")
        }
    }

    private mutating func fill(_ address: String, _ location: Location?, _ size: DataSize?) {
        for stage in pipeline.stages.indices {
            for index in pipeline.stages[stage].inputs.indices {
                guard pipeline.stages[stage].inputs[index].source == .uri(address) else { continue }
                pipeline.stages[stage].inputs[index].location = location
                // What the file says wins.
                pipeline.stages[stage].inputs[index].size = pipeline.stages[stage].inputs[index].size ?? size
            }
        }
    }

    private static func unknown(_ url: S3URL, because reason: String) -> String {
        "\(url) could not be looked up: \(reason)"
    }

    private static func unplaced(_ url: S3URL, _ client: S3Client) -> String {
        "where buckets of \(client.origin) are is not known: say it in stores.yaml, "
            + "buckets: {\(url.bucket): provider/region}"
    }

    /// Each once, however many stages read it.
    private static func wanted(of pipeline: Pipeline) -> [WantedInput] {
        var wanted: [WantedInput] = []
        for input in pipeline.stages.flatMap(\.inputs) {
            // What is no place in a bucket is refused when it is fetched.
            guard case .uri(let address) = input.source, let url = S3URL(address) else { continue }
            if let index = wanted.firstIndex(where: { $0.address == address }) {
                wanted[index].hasSize = wanted[index].hasSize && input.size != nil
            } else {
                wanted.append(WantedInput(address: address, url: url, hasSize: input.size != nil))
            }
        }
        return wanted
    }

    /// - Returns: what was answered in time.
    private func ask(
        _ client: S3Client, _ wanted: [WantedInput], _ known: [String: Location]
    ) throws -> [BucketQuestion: BucketAnswer] {
        let questions = Set(wanted.flatMap { $0.questions(known, client) })
        let answers = BucketAnswers()
        _ = try AsyncWork.run(within: limit) {
            await withTaskGroup { group in
                for question in questions {
                    group.addTask {
                        if let answer = await question.answer(of: client) { answers.settle(question, answer) }
                    }
                }
            }
        }
        return answers.all
    }
}

/// An address that stages read.
private struct WantedInput {
    let address: String
    let url: S3URL
    /// Every reader says how large it is.
    var hasSize: Bool

    func questions(_ known: [String: Location], _ client: S3Client) -> [BucketQuestion] {
        let asksRegion = client.isAWS && known[url.bucket] == nil
        return (asksRegion ? [.region(bucket: url.bucket)] : []) + (hasSize ? [] : [.size(url)])
    }
}

private enum BucketQuestion: Hashable, Sendable {
    case region(bucket: String)
    case size(S3URL)

    /// Nil when time was up.
    func answer(of client: S3Client) async -> BucketAnswer? {
        do throws(StorageError) {
            switch self {
            case .region(let bucket): return .region(try await client.region(ofBucket: bucket))
            case .size(let url): return .size(try await S3Input.size(of: url, client))
            }
        } catch {
            switch error {
            case .cancelled: return nil
            // These say what to type.
            case .service(let refusal) where [.credentials, .settings].contains(refusal.kind):
                return .failure(refusal.message)
            default: return .failure("\(error) (try: sky storage ls \(place))")
            }
        }
    }

    func late(than limit: TimeSpan) -> String {
        switch self {
        case .region(let bucket): "where s3://\(bucket) is was not answered within \(limit)"
        case .size: "its size was not known within \(limit) (say it: 'size')"
        }
    }

    private var place: S3URL {
        switch self {
        case .region(let bucket): S3URL(bucket: bucket, key: "")
        case .size(let url): url
        }
    }
}

private enum BucketAnswer: Sendable {
    case region(String)
    case size(DataSize)
    case failure(String)
}

/// What was answered so far: those who ask do not wait for the last.
private final class BucketAnswers: Sendable {
    private let answers = Mutex<[BucketQuestion: BucketAnswer]>([:])

    var all: [BucketQuestion: BucketAnswer] { answers.withLock { $0 } }

    func settle(_ question: BucketQuestion, _ answer: BucketAnswer) { answers.withLock { $0[question] = answer } }
}

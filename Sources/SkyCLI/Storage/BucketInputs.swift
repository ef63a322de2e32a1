import SkyAWS
import SkyCatalog
import SkyCore
import SkyPlacement
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
    /// Where earlier launches have noted what they found.
    private let scratch: String
    /// Addresses of what has to come to this machine at launch.
    private var coming: Set<String> = []
    /// Of what may have to.
    private var unasked: Set<String> = []

    /// Nobody is asked anything when there are no such inputs.
    ///
    /// - Parameter settings: where buckets are, as far as it is written down.
    init(of pipeline: Pipeline, _ settings: StoreSettings, in context: CommandContext) throws {
        self.pipeline = pipeline
        limit = context.lookUpLimit
        scratch = ArtifactStores.inputs(in: try context.paths().state)
        let wanted = Self.wanted(of: pipeline)
        guard !wanted.isEmpty else { return }
        // Calls end a little earlier, so that their reasons are heard.
        let patience = TimeSpan(milliseconds: limit.milliseconds * 4 / 5)
        let stores = ObjectStores(context, calls: 32, patience: patience)
        var askable: [WantedInput] = []
        for var input in wanted {
            do {
                let store = try stores.store(of: input.url)
                input.store = store
                input.known = settings.location(of: input.url, in: store)
                askable.append(input)
            } catch {
                caveats.append(Self.unknown(input.url, because: "\(error)"))
            }
        }
        do { take(try ask(askable), askable) } catch {
            caveats += askable.map { Self.unknown($0.url, because: "\(error)") }
        }
    }

    private mutating func take(_ answers: [BucketQuestion: BucketAnswer], _ wanted: [WantedInput]) {
        for input in wanted {
            var (location, size) = (input.known, DataSize?.none)
            var reason: String?
            for question in input.questions {
                switch answers[question] {
                case .place(let place): location = place
                case .look(let look):
                    size = look.size
                    if !look.nodesMayFetch { coming.insert(input.address) }
                case .failure(let why): reason = reason ?? why
                case nil: reason = reason ?? question.late(than: limit)
                }
            }
            if input.hasSize { unasked.insert(input.address) }
            fill(input.address, location, size)
            if let reason {
                caveats.append(Self.unknown(input.url, because: reason))
            } else if location == nil {
                caveats.append(Self.unplaced(input))
            }
        }
        if pipeline.stages.flatMap(\.inputs).contains(where: { $0.location != nil && isUnasked($0) }) {
            caveats.append(
                "inputs in buckets whose size the pipeline says may have to come to this machine when the run is launched, "
                    + "which is not counted")
        }
    }

    private func isUnasked(_ input: StageInput) -> Bool {
        if case .uri(let address) = input.source { unasked.contains(address) } else { false }
    }

    /// Counts the way to this machine of what has to come here before the run begins, once however many stages read it.
    func count(in plan: inout Plan, _ rates: some TransferRates) {
        let readers = pipeline.stages.flatMap { stage in stage.inputs.map { (stage.name, $0) } }
        func isHere(_ stage: String) -> Bool { plan.stage(named: stage)?.offer.location == .here }
        // Their way is this one, and is counted.
        var counted = Set(readers.filter { isHere($0.0) }.map(\.1.source))
        var names: [String] = []
        for (stage, input) in readers {
            guard case .uri(let address) = input.source, coming.contains(address), let from = input.location,
                from != .here, let size = input.size, counted.insert(input.source).inserted
            else { continue }
            plan.begin(with: PlannedTransfer(openingWith: input.name, ofStage: stage, from: from, size: size, rates))
            names.append(input.name)
        }
        guard !names.isEmpty else { return }
        plan.caveats.append(
            "\(Figures.list(names)) must come to this machine when the run is launched, as nodes cannot be let read "
                + "just that, or nobody could tell whether it stayed the same: see docs/storage.md")
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

    private static func unknown(_ url: ObjectURL, because reason: String) -> String {
        "\(url) could not be looked up: \(reason)"
    }

    private static func unplaced(_ input: WantedInput) -> String {
        guard input.url.scheme.isBuckets else { return "where \(input.url) is is not known: its way is not counted" }
        return "where buckets of \(input.store?.origin ?? "") are is not known: say it in stores.yaml, "
            + "buckets: {\(input.url.bucket): provider/region}"
    }

    /// Each once, however many stages read it.
    private static func wanted(of pipeline: Pipeline) -> [WantedInput] {
        var wanted: [WantedInput] = []
        for input in pipeline.stages.flatMap(\.inputs) {
            // What is no place in a bucket is refused when it is fetched.
            guard case .uri(let address) = input.source, let url = ObjectURL(address) else { continue }
            if let index = wanted.firstIndex(where: { $0.address == address }) {
                wanted[index].hasSize = wanted[index].hasSize && input.size != nil
            } else {
                wanted.append(WantedInput(address: address, url: url, hasSize: input.size != nil))
            }
        }
        return wanted
    }

    /// - Returns: what was answered in time.
    private func ask(_ wanted: [WantedInput]) throws -> [BucketQuestion: BucketAnswer] {
        let asked = wanted.flatMap { input in
            input.questions.compactMap { question in input.store.map { (question, $0) } }
        }
        let questions = Dictionary(asked) { first, _ in first }
        let answers = BucketAnswers()
        _ = try AsyncWork.run(within: limit) { [scratch] in
            await withTaskGroup { group in
                for (question, store) in questions {
                    group.addTask {
                        if let answer = await question.answer(of: store, scratch) { answers.settle(question, answer) }
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
    let url: ObjectURL
    /// Every reader says how large it is.
    var hasSize: Bool
    var store: (any ObjectStore)?
    /// Where it is, if somebody said so.
    var known: Location?

    var questions: [BucketQuestion] {
        let asksPlace = store?.tellsPlaces == true && known == nil
        return (asksPlace ? [.place(url.with(key: ""))] : []) + (hasSize ? [] : [.size(url)])
    }
}

private enum BucketQuestion: Hashable, Sendable {
    case place(ObjectURL)
    case size(ObjectURL)

    /// Nil when time was up.
    func answer(of store: any ObjectStore, _ scratch: String) async -> BucketAnswer? {
        do throws(StorageError) {
            switch self {
            case .place(let bucket): return .place(try await store.location(of: bucket))
            case .size(let url): return .look(try await ObjectInput(store, url, scratch: scratch).look())
            }
        } catch {
            switch error {
            case .cancelled: return nil
            // These say what to type.
            case .service(let refusal) where [.credentials, .settings].contains(refusal.kind):
                return .failure(refusal.message)
            default: return .failure(url.scheme.isBuckets ? "\(error) (try: sky storage ls \(url))" : "\(error)")
            }
        }
    }

    func late(than limit: TimeSpan) -> String {
        switch self {
        case .place(let bucket): "where \(String("\(bucket)".dropLast())) is was not answered within \(limit)"
        case .size: "its size was not known within \(limit) (say it: 'size')"
        }
    }

    private var url: ObjectURL {
        switch self {
        case .place(let url), .size(let url): url
        }
    }
}

private enum BucketAnswer: Sendable {
    case place(Location?)
    case look(InputLook)
    case failure(String)
}

/// What was answered so far: those who ask do not wait for the last.
private final class BucketAnswers: Sendable {
    private let answers = Mutex<[BucketQuestion: BucketAnswer]>([:])

    var all: [BucketQuestion: BucketAnswer] { answers.withLock { $0 } }

    func settle(_ question: BucketQuestion, _ answer: BucketAnswer) { answers.withLock { $0[question] = answer } }
}

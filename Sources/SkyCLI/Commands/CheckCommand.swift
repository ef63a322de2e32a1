import ArgumentParser
import SkyBroker
import SkyCatalog
import SkyCore
import SkyProcess
import SkyPlacement
import SkyProviders
import SkySpec

struct CheckCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say which providers can be used from here, and why the others cannot.",
        discussion: """
            Each host of your own (ssh.yaml) is asked whether it answers, each cluster (slurm.yaml) what it has, and each cloud \
            that is rented from (clouds.yaml) who it takes you for. Places that have refused lately are listed below: all runs \
            stay away from them for a while, longer with each refusal in a row.

            With names of providers, those alone are asked, and the status is 3 if one of them cannot be used. With a pipeline, its plan \
            is held against all that: what it still lacks is listed, and the status is 3 if it is something.

            EXAMPLES
              sky check
              sky check aws gcp
              sky check pipeline.yaml
              sky check --output json
            """)

    @Argument(
        help: .init(
            "A pipeline, of which is said what its plan still lacks, or names of providers.", valueName: "subject"),
        completion: .file(extensions: ["yaml", "yml"]))
    var subjects: [String] = []

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = CatalogAccess(context)
        let isWhole = subjects.isEmpty || subjects.contains { !CheckSubject.isWord($0) }
        try access.askClusters { isWhole || subjects.contains($0) }
        let catalog = try access.load()
        let registry = try access.adapters(for: catalog.providers)
        let (file, names) = try CheckSubject.sorted(subjects, among: registry.availability.map(\.provider))
        let answers = try ProviderAnswers(registry, of: file == nil ? names : nil)
        let rows = registry.availability.filter { names?.contains($0.provider) ?? true }
            .map { answers.row(of: $0, in: catalog) }
        let avoided = try Refusals(in: context).places.filter { names?.contains($0.place.provider) ?? true }
        let lacks = try file.map { try PipelineReadiness(of: $0, answers, in: context) }
        let out = context.console.out
        switch options.output {
        case .json:
            try out.write(
                try JSONText.encode(CheckJSON(rows, avoided: avoided, lacks: lacks?.lacks)))
        case .text:
            let screen = CheckScreen(providers: rows, avoided: avoided)
            try out.lines(screen.lines(width: out.terminal.width))
            if let lacks { try out.lines([.empty] + lacks.lines) }
        }
        let isUsable = names == nil || rows.allSatisfy { $0.standing != .unusable }
        return isUsable && lacks?.lacks.isEmpty ?? true ? .done : .providerRefused
    }
}

/// What a check is about.
private enum CheckSubject {
    /// - Returns: a pipeline's file, and names of providers; nil for all of them.
    /// - Throws: for a second file, and for what can be neither.
    static func sorted(_ subjects: [String], among known: [String]) throws -> (file: String?, names: Set<String>?) {
        let names = subjects.filter(known.contains)
        let files = subjects.filter { !known.contains($0) }
        if let word = files.first(where: isWord) {
            let near = nearestName(to: word, among: known)
            throw CommandFailure(
                .wrongRequest, "there is no provider '\(word)', and no such file",
                hints: [near.map { "did you mean '\($0)'?" } ?? "sky check"])
        }
        guard files.count < 2 else {
            throw CommandFailure(
                .wrongRequest, "one pipeline at a time: \(Figures.list(files)) are \(files.count)",
                hints: ["sky check \(files[0])"])
        }
        return (files.first, names.isEmpty ? nil : Set(names))
    }

    static func isWord(_ text: String) -> Bool {
        !text.contains("/") && !text.contains(".") && !Files.exists(text)
    }
}

/// What providers that can be used say when they are asked: all at once, and no longer than a person waits.
struct ProviderAnswers {
    private(set) var hosts: [String: [ProbedPlace]] = [:]
    /// Nil of one that has no word for it.
    private(set) var identities: [String: Result<CloudIdentity?, ProviderError>] = [:]
    let registry: AdapterRegistry

    private static let patience = Duration.seconds(15)

    private enum Answer: Sendable {
        case hosts([ProbedPlace])
        case identity(Result<CloudIdentity?, ProviderError>)
    }

    /// - Parameter names: who is asked; nil: all.
    init(_ registry: AdapterRegistry, of names: Set<String>? = nil) throws {
        self.registry = registry
        let usable = registry.availability.filter { $0.status == .usable && names?.contains($0.provider) ?? true }
            .map(\.provider)
        let adapters = try usable.map { try registry.adapter(for: $0) }
        let answers = try AsyncWork.run {
            await withTaskGroup(of: (String, Answer?).self) { tasks in
                for adapter in adapters { tasks.addTask { (adapter.provider, await Self.ask(adapter)) } }
                return await tasks.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
        }
        for (provider, answer) in answers {
            switch answer {
            case .hosts(let places): hosts[provider] = places
            case .identity(let identity): identities[provider] = identity
            }
        }
    }

    private static func ask(_ adapter: any ProviderAdapter) async -> Answer? {
        if let adapter = adapter as? any ProbingAdapter { return .hosts(await adapter.probe()) }
        guard let adapter = adapter as? any IdentifyingAdapter else { return nil }
        return await withTaskGroup(of: Answer?.self) { race in
            race.addTask {
                do throws(ProviderError) { return .identity(.success(try await adapter.identity())) } catch {
                    return .identity(.failure(error))
                }
            }
            race.addTask {
                guard (try? await Task.sleep(for: patience)) != nil else { return nil }
                let late = ProviderError(.transient, provider: adapter.provider, "no answer within \(patience)")
                return .identity(.failure(late))
            }
            defer { race.cancelAll() }
            return await race.next() ?? nil
        }
    }

    func row(of availability: ProviderAvailability, in catalog: Catalog) -> CheckRow {
        var row = CheckRow(availability, in: catalog)
        row.hosts = (hosts[availability.provider] ?? []).map {
            CheckRow.Host(pool: $0.region, name: $0.name, answers: $0.answers, message: $0.message)
        }
        switch identities[availability.provider] {
        case .success(let identity?): row.reason += "; \(IdentityWords.line(identity))"
        case .failure(let error):
            row.standing = .unusable
            row.reason = "it does not let us in: \(error.message)"
        default: break
        }
        return row
    }
}

/// What a pipeline's plan lacks before it can run where it is placed.
struct PipelineReadiness {
    private(set) var lacks: [String] = []
    private let plan: Plan

    init(of file: String, _ answers: ProviderAnswers, in context: CommandContext) throws {
        let arguments = try PipelineArguments.parse([file])
        let planned = try PlannedPipeline(arguments, try PlanningOptions.parse([]), in: context)
        plan = planned.plan
        let requests = PlannedRequests(plan, planned.pipeline)
        for provider in requests.providers {
            let availability = answers.registry.availability.first { $0.provider == provider }
            guard let availability, availability.status == .usable else {
                lacks.append("\(provider): \(availability?.reason ?? "there is no such provider")")
                continue
            }
            if case .failure(let error) = answers.identities[provider] {
                lacks.append("\(provider): \(error.message)")
                continue
            }
            guard let adapter = try answers.registry.adapter(for: provider) as? any IdentifyingAdapter else { continue }
            let wanted = requests.of(provider)
            do {
                let obstacles = try AsyncWork.run { try await adapter.obstacles(to: wanted) }
                lacks += obstacles.map { "\(provider): \($0)" }
            } catch let error as ProviderError { lacks.append(error.description) }
        }
    }

    var lines: [StyledText] {
        let places = plan.stages.map { "\($0.stage) on \($0.offer.provider)/\($0.offer.region)" }
        let header: StyledText = "\(plan.pipeline): \(places.joined(separator: ", "))"
        guard !lacks.isEmpty else { return [header, "  \("✓", .green) nothing is missing"] }
        return [header] + lacks.map { "  \("✗", .red) \($0)" }
    }
}

extension CheckRow {
    init(_ availability: ProviderAvailability, in catalog: Catalog) {
        let standing: Standing =
            switch availability.status {
            case .usable: .ready
            case .standIn: .standIn
            case .unusable: .unusable
            }
        self.init(
            provider: availability.provider, displayName: availability.displayName, standing: standing,
            offers: catalog.offerCount(of: availability.provider),
            regions: catalog.provider(named: availability.provider)?.regions.count ?? 0, reason: availability.reason,
            credentials: availability.credentials.map { .init(place: $0.place, isPresent: $0.isPresent) })
    }
}

import Glibc
import SkyCore
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The program that speaks for a provider: started when it is first asked, kept, and started anew when it has died.
actor ExecProgram {
    let provider: String
    private let settings: ExecSettings
    private let errors: ErrorTable
    /// Where the program may keep notes of its own, and its log is.
    private let folder: String
    private let environment: [String: String]
    private var starting: Task<Result<ExecSession, ProviderError>, Never>?

    /// Of the log, so much is kept.
    private static let keptLog: Int64 = 1 << 20

    /// - Parameters:
    ///   - errors: what the program's codes mean, where it does not say so itself.
    ///   - folder: made when the program is first started.
    ///   - environment: this process's; the program gets of it what its settings name.
    init(
        provider: String, settings: ExecSettings, errors: ErrorTable, folder: String, environment: [String: String]
    ) {
        self.provider = provider
        self.settings = settings
        self.errors = errors
        self.folder = folder
        let names = Set(ExecSettings.alwaysPassed + settings.environment)
        self.environment = environment.filter { names.contains($0.key) && !$0.value.utf8.contains(0) }
    }

    deinit {
        guard let starting else { return }
        Task { if case .success(let session) = await starting.value { session.end("nobody needs it any more") } }
    }

    private nonisolated var log: String { "\(folder)/program.log" }
    private nonisolated var title: String { Disk.split(settings.program.first ?? "").name }

    /// Asks the program one thing.
    func ask<Body: Encodable & Sendable, Answer: Decodable & Sendable>(
        _ call: String, _ body: Body, _ type: Answer.Type
    ) async throws(ProviderError) -> Answer {
        try await ask(try await session(), call, body, type)
    }

    private nonisolated func ask<Body: Encodable & Sendable, Answer: Decodable & Sendable>(
        _ session: ExecSession, _ call: String, _ body: Body, _ type: Answer.Type
    ) async throws(ProviderError) -> Answer {
        let answer = await session.ask { id in
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Array(try encoder.encode(ExecMessages.Request(id: id, call: call, body: body))) + [0x0A]
        }
        switch answer {
        case .failure(let failure):
            throw ProviderError(
                .transient, provider: provider,
                "its program \(title) was asked for '\(call)' and \(failure.reason); its log is \(log)")
        case .success(let line): return try result(of: line, call)
        }
    }

    private nonisolated func result<Answer: Decodable>(
        of line: [UInt8], _ call: String
    ) throws(ProviderError) -> Answer {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        if let refusal = (try? decoder.decode(ExecMessages.Envelope.self, from: Data(line)))?.error {
            throw error(refusal, call)
        }
        do { return try decoder.decode(ExecMessages.Answer<Answer>.self, from: Data(line)).result } catch {
            throw ProviderError(
                .transient, provider: provider,
                "its program \(title) answered '\(call)' with something else than docs/exec-adapter.md says: "
                    + String(decoding: line.prefix(200), as: UTF8.self))
        }
    }

    private nonisolated func error(_ refusal: ExecMessages.Envelope.Refusal, _ call: String) -> ProviderError {
        let words = [refusal.code, refusal.message].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
        let message = "\(words.isEmpty ? "its program gives no reason" : words) ('\(call)' of \(title))"
        if let kind = refusal.kind.flatMap({ ProviderError.Kind(rawValue: $0) }) {
            return ProviderError(kind, provider: provider, message)
        }
        return errors.error([refusal.code].compactMap { $0 }, message)
    }

    // MARK: Its life

    private func session() async throws(ProviderError) -> ExecSession {
        while true {
            let task = starting ?? Task { await start() }
            starting = task
            let result = await task.value
            if case .success(let session) = result, !session.isOver { return session }
            // Somebody else may have begun another start meanwhile.
            if starting == task { starting = nil }
            if case .failure(let error) = result { throw error }
        }
    }

    private nonisolated func start() async -> Result<ExecSession, ProviderError> {
        let session: ExecSession
        do throws(SystemError) {
            try Files.makeFolder("\(folder)/notes", mode: 0o700)
            trimLog()
            session = try ExecSession(settings, environment: environment, log: log)
        } catch {
            // Not this provider, and no use in asking again.
            return .failure(
                ProviderError(
                    .credentials, provider: provider,
                    "its program cannot be started: \(error); see 'program' in \(settings.folder)/provider.yaml"))
        }
        do throws(ProviderError) {
            let hello = ExecMessages.Hello(provider: provider, folder: "\(folder)/notes")
            let answer = try await ask(session, "hello", hello, ExecMessages.HelloResult.self)
            guard answer.version == ExecMessages.version else {
                throw ProviderError(
                    .credentials, provider: provider,
                    "its program \(title) speaks version \(answer.version) of the protocol, and this sky version \(ExecMessages.version)"
                )
            }
            return .success(session)
        } catch {
            session.end("it did not say hello")
            return .failure(error)
        }
    }

    private nonisolated func trimLog() {
        guard let file = try? Descriptor.open(log, O_RDWR) else { return }
        LogFile.trim(file, size: LogFile.size(file), keep: Self.keptLog)
        close(file)
    }
}

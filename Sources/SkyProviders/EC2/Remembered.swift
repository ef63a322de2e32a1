/// What a cloud's API has said of things that hardly change, kept for a while. Whoever asks for the same at once waits for one
/// answer; failures are not kept.
actor Remembered<Key: Hashable & Sendable, Value: Sendable> {
    private struct Entry {
        var answer: Task<Result<Value, ProviderError>, Never>
        var until: ContinuousClock.Instant
    }

    private let lifetime: Duration
    private var entries: [Key: Entry] = [:]

    init(for lifetime: Duration) { self.lifetime = lifetime }

    func value(
        _ key: Key, _ ask: @escaping @Sendable () async throws(ProviderError) -> Value
    ) async throws(ProviderError) -> Value {
        if let entry = entries[key], .now < entry.until { return try await result(of: entry, key) }
        let answer = Task { () -> Result<Value, ProviderError> in
            do throws(ProviderError) { return .success(try await ask()) } catch { return .failure(error) }
        }
        let entry = Entry(answer: answer, until: .now + lifetime)
        entries[key] = entry
        return try await result(of: entry, key)
    }

    func forget() { entries = [:] }

    private func result(of entry: Entry, _ key: Key) async throws(ProviderError) -> Value {
        let result = await entry.answer.value
        if case .failure = result, entries[key]?.answer == entry.answer { entries[key] = nil }
        return try result.get()
    }
}

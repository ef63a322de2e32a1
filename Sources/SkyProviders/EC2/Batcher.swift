/// Makes one question of those that come while another is on its way: a hundred that want to know about one thing each cost two
/// calls, and who is alone waits for nobody.
actor Batcher<Key: Hashable & Sendable, Value: Sendable> {
    typealias Answer = Result<[Key: Value], ProviderError>

    private struct Batch {
        let id: Int
        var keys: Set<Key>
        let answer: Task<Answer, Never>
    }

    /// How many keys one question may have.
    private let most: Int
    private let ask: @Sendable ([Key]) async -> Answer
    /// The one that still takes keys.
    private var open: Batch?
    private var last: Task<Answer, Never>?
    private var count = 0

    init(most: Int, _ ask: @escaping @Sendable ([Key]) async -> Answer) {
        self.most = most
        self.ask = ask
    }

    /// Nil where the answer has nothing of it. Never from a question that was asked before this call.
    func value(_ key: Key) async throws(ProviderError) -> Value? {
        let answer: Task<Answer, Never>
        if var batch = open, batch.keys.count < most || batch.keys.contains(key) {
            batch.keys.insert(key)
            open = batch
            answer = batch.answer
        } else {
            answer = begin(with: key)
        }
        return try await answer.value.get()[key]
    }

    private func begin(with key: Key) -> Task<Answer, Never> {
        let before = last
        count += 1
        let id = count
        let answer = Task { () -> Answer in
            _ = await before?.value
            return await self.ask(self.close(id))
        }
        last = answer
        // One that is full is asked as it is.
        if let full = open { closed[full.id] = full.keys }
        open = Batch(id: id, keys: [key], answer: answer)
        return answer
    }

    private var closed: [Int: Set<Key>] = [:]

    private func close(_ id: Int) -> [Key] {
        if let keys = closed.removeValue(forKey: id) { return Array(keys) }
        guard let batch = open, batch.id == id else { return [] }
        open = nil
        return Array(batch.keys)
    }
}

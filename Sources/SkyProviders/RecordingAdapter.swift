import SkyProcess

/// An adapter that writes down here what it is going to do with a group, and what has become of it.
protocol RecordingAdapter: BookkeepingAdapter {
    associatedtype Record: StoredGroup

    var store: GroupStore<Record> { get }
    var books: GroupBooks { get }
}

extension RecordingAdapter {
    public func held(token: String) async throws(ProviderError) -> HeldSpan? {
        guard GroupFolder.isName(token) else { return nil }
        do { return try books.held(token) } catch { throw error.providerError(provider) }
    }

    func load(_ token: String) throws(ProviderError) -> Record? {
        do { return try store.load(token) } catch { throw error.providerError(provider) }
    }

    func save(_ record: Record) throws(ProviderError) {
        do { try store.save(record) } catch { throw error.providerError(provider) }
    }

    func lock(_ token: String) async throws(ProviderError) -> WaitingLock {
        do { return try await store.lock(token) } catch { throw error.providerError(provider) }
    }
}

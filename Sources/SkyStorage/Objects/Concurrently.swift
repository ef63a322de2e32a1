/// Does `body` for each item, `width` of them at once and begun in their order. The first failure cancels what is under way
/// and is thrown once all of it has ended.
public func concurrently<Items: Sequence>(
    _ items: Items, width: Int, _ body: @escaping @Sendable (Items.Element) async throws(StorageError) -> Void
) async throws(StorageError) where Items.Element: Sendable {
    let failure = await withTaskGroup(of: Result<Void, StorageError>.self) { group -> StorageError? in
        var rest = items.makeIterator()
        func begin() {
            guard let item = rest.next() else { return }
            group.addTask {
                do throws(StorageError) {
                    try await body(item)
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
        }
        for _ in 0..<max(width, 1) { begin() }
        var failure: StorageError?
        while let result = await group.next() {
            switch result {
            case .failure(let error) where failure == nil:
                failure = error
                group.cancelAll()
            case .success where failure == nil && !Task.isCancelled: begin()
            default: break
            }
        }
        return failure
    }
    if let failure { throw failure }
    if Task.isCancelled { throw .cancelled }
}

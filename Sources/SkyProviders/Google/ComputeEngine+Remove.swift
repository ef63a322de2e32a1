import SkyCore
import SkyHTTP

extension ComputeEngine {
    func remove(_ group: MachineGroupName) async throws(ProviderError) -> Bool {
        let names = GoogleNames(token: group.token)
        let left = try await instances("labels.\(MachineTag.token)=\(names.group)", zone: group.zone)
        let failures = await withTaskGroup(of: GoogleFailure?.self) { tasks in
            for instance in left {
                tasks.addTask {
                    do throws(GoogleFailure) {
                        try await delete(instance, names)
                        return nil
                    } catch { return error }
                }
            }
            return await tasks.reduce(into: [GoogleFailure]()) { all, failure in if let failure { all.append(failure) }
            }
        }
        if let worst = failures.first { throw worst.error }
        guard left.isEmpty else { return false }
        return try await !isBeingMade(names, zone: group.zone)
    }

    private func delete(_ instance: Compute.Instance, _ names: GoogleNames) async throws(GoogleFailure) {
        // On its way already: it is looked for again until it is gone.
        guard instance.status != "DEPROVISIONING" else { return }
        do throws(GoogleFailure) {
            try await api.send(call(.delete, "/zones/\(Self.last(instance.zone))/instances/\(instance.name)"))
        } catch {
            let isUnderWay = error.codes.contains { $0 == "resourceNotReady" || $0 == "RESOURCE_NOT_READY" }
            guard error.isNotFound || isUnderWay else { throw error }
        }
    }

    /// Whoever asked for machines may be dead, and Google at work on them all the same: they would be there after everybody has
    /// looked.
    private func isBeingMade(_ names: GoogleNames, zone: String?) async throws(ProviderError) -> Bool {
        var page: String?
        repeat {
            var query = [(name: "filter", value: "status!=DONE"), ("maxResults", Self.pageSize)]
            if let page { query.append(("pageToken", page)) }
            let operations: [Compute.Operation]
            do throws(GoogleFailure) {
                if let zone {
                    let list = try await api.answer(
                        Compute.OperationList.self, call(.get, "/zones/\(zone)/operations", query))
                    (operations, page) = (list.items ?? [], list.nextPageToken)
                } else {
                    let list = try await api.answer(
                        Compute.AggregatedOperations.self, call(.get, "/aggregated/operations", query))
                    (operations, page) = (
                        (list.items ?? [:]).values.flatMap { $0.operations ?? [] }, list.nextPageToken
                    )
                }
            } catch { throw error.error }
            if operations.contains(where: { makes($0, names) }) { return true }
        } while page != nil
        return false
    }

    private func makes(_ operation: Compute.Operation, _ names: GoogleNames) -> Bool {
        guard !operation.isDone else { return false }
        if let id = operation.clientOperationId, Self.bulkIDs(names).contains(id) { return true }
        return operation.operationType == "insert" && names.rank(of: Self.last(operation.targetLink ?? "")) != nil
    }
}

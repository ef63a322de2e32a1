import SkyCore
import SkyHTTP

extension ComputeEngine {
    /// Names are derived from the token and are Google's to keep unique, and each request has an id that makes it one request
    /// however often it comes: nothing is made twice.
    func create(_ order: MachineOrder) async throws(ProviderError) {
        let names = GoogleNames(token: order.request.token)
        let there = try await instances("labels.\(MachineTag.token)=\(names.group)", zone: order.request.zone)
        let ranks = Set(there.compactMap { names.rank(of: $0.name) })
        let missing = (0..<order.request.numNodes).filter { !ranks.contains($0) }
        guard !missing.isEmpty else { return }
        let zone: String
        if let first = there.first {
            zone = Self.last(first.zone)
        } else {
            zone = try await self.zone(for: order.request)
        }
        let plan = InstancePlan(order: order, project: project, zone: zone, provider: provider)
        try await GoogleFirewall(compute: self).open(for: order.request)
        do throws(GoogleFailure) {
            if missing.count > 1, there.isEmpty, case .disk = plan.image {
                try await insertAll(plan, names)
            } else {
                try await insert(missing, plan, names)
            }
        } catch { throw error.error }
    }

    /// All of a gang by one request, which makes all or none.
    private func insertAll(_ plan: InstancePlan, _ names: GoogleNames) async throws(GoogleFailure) {
        let body = try encoded { () throws(ProviderError) in GoogleAPI.body(try plan.bulk()) }
        try await perform(names, Self.bulk, zone: plan.zone) { requestID in
            call(.post, "/zones/\(plan.zone)/instances/bulkInsert", [("requestId", requestID)], body: body)
        }
    }

    /// Side by side; the first failure that does not pass is told.
    private func insert(_ ranks: [Int], _ plan: InstancePlan, _ names: GoogleNames) async throws(GoogleFailure) {
        let failures = await withTaskGroup(of: GoogleFailure?.self) { tasks in
            for rank in ranks {
                tasks.addTask {
                    do throws(GoogleFailure) {
                        let body = try encoded { () throws(ProviderError) in GoogleAPI.body(try plan.machine(rank)) }
                        try await perform(names, "rank \(rank)", zone: plan.zone) { requestID in
                            call(.post, "/zones/\(plan.zone)/instances", [("requestId", requestID)], body: body)
                        }
                        return nil
                    } catch { return error }
                }
            }
            return await tasks.reduce(into: [GoogleFailure]()) { all, failure in if let failure { all.append(failure) }
            }
        }
        if let worst = failures.first(where: { $0.error.kind != .transient }) ?? failures.first { throw worst }
    }

    private func encoded(_ body: () throws(ProviderError) -> [UInt8]) throws(GoogleFailure) -> [UInt8] {
        do throws(ProviderError) { return try body() } catch {
            throw GoogleFailure(status: nil, codes: [], error: error)
        }
    }

    /// Asks for something to be made, and waits until Google has made it or says why not.
    ///
    /// A request id that has been used tells what became of it. Where that was trouble that passes, it is asked for under
    /// another one: the name still sees to it that there is only one.
    private func perform(
        _ names: GoogleNames, _ what: String, zone: String, _ call: (_ requestID: String) -> GoogleAPI.Call
    ) async throws(GoogleFailure) {
        for attempt in 0..<Self.tries {
            let request = call(names.requestID(what, attempt: attempt))
            do throws(GoogleFailure) {
                let begun = try await api.answer(Compute.Operation.self, request)
                return try check(try await finished(begun, zone: zone), request)
            } catch {
                // Somebody else was first; it is looked at like one's own.
                if error.isConflict || error.codes.contains("RESOURCE_ALREADY_EXISTS") { return }
                guard error.error.kind == .transient, attempt + 1 < Self.tries, !error.codes.isEmpty, !Task.isCancelled
                else {
                    throw error
                }
            }
        }
    }

    private static let tries = 4
    private static let bulk = "bulk"

    /// Ids of all requests for a whole gang that may have been made.
    static func bulkIDs(_ names: GoogleNames) -> Set<String> {
        Set((0..<tries).map { names.requestID(bulk, attempt: $0) })
    }

    func check(_ operation: Compute.Operation, _ request: GoogleAPI.Call) throws(GoogleFailure) {
        let errors = operation.error?.errors ?? []
        guard !errors.isEmpty else { return }
        let message = errors.map { "\($0.code), \($0.message ?? "")" }.joined(separator: "; ")
        throw api.failure(
            request, operation.httpErrorStatusCode, GoogleRefusal.exact(errors.map(\.code), message, of: .compute),
            String(message.prefix(1000)))
    }

    /// Google answers a wait when the operation is done, or after two minutes.
    func finished(
        _ operation: Compute.Operation, zone: String
    ) async throws(GoogleFailure) -> Compute.Operation {
        var operation = operation
        for _ in 0..<5 where !operation.isDone {
            var wait = call(.post, "/zones/\(zone)/operations/\(operation.name)/wait")
            wait.limit = .seconds(150)
            wait.deadline = .seconds(300)
            operation = try await api.answer(Compute.Operation.self, wait)
        }
        guard operation.isDone else {
            throw api.failure("operation \(operation.name)", nil, [], "it is still under way after ten minutes")
        }
        return operation
    }
}

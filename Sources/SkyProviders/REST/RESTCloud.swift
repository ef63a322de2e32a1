import SkyCore
import SkyHTTP
import SkyProcess
import SkyRuntime

/// A cloud whose API is described by a file: docs/rest-adapter.md.
struct RESTCloud: MachineCloud {
    var provider: String { calls.provider }
    let calls: RESTCalls
    let settings: CloudSection
    private let notes: RESTNotes
    private let now: @Sendable () -> Instant

    var description: RESTDescription { calls.description }
    var loginUser: String { description.user }
    var usualPowerOff: String? { description.powerOff }

    /// - Parameter notes: the folder of what was asked for.
    init(_ calls: RESTCalls, settings: CloudSection, notes: String, now: @escaping @Sendable () -> Instant) {
        self.calls = calls
        self.settings = settings
        self.notes = RESTNotes(folder: notes)
        self.now = now
    }

    func check(_ request: NodeGroupRequest) throws(ProviderError) {
        for (name, what) in description.required.sorted(by: { $0.key < $1.key }) where settings[name] == nil {
            throw ProviderError(
                .credentials, provider: provider, "clouds.yaml does not say \(what): \(provider): {\(name): …}")
        }
        if request.isSpot, !description.hasSpot {
            throw ProviderError(.noCapacity, provider: provider, "its API rents no spot machines")
        }
        guard description.places.isEmpty || description.places[request.region] != nil else {
            throw ProviderError(.noCapacity, provider: provider, "its rest.yaml knows no region \(request.region)")
        }
        guard description.types.isEmpty || !facts(of: request.instanceType).isEmpty else {
            throw ProviderError(
                .noCapacity, provider: provider,
                "its rest.yaml does not know how to ask for \(request.instanceType) (under 'types')")
        }
    }

    // MARK: Making

    func create(_ order: MachineOrder) async throws(ProviderError) {
        let request = order.request
        let name = MachineGroupName(token: request.token, region: request.region, zone: request.zone)
        var key: JSONValue?
        var tried: Set<Int> = []
        while true {
            let listed = try await machines(of: name)
            try await removeDoubles(listed)
            let known = notes.notes(of: request.token)
            var isWaiting = false
            for rank in 0..<request.numNodes where !tried.contains(rank) && !listed.contains(where: { $0.rank == rank })
            {
                if let note = known[rank], isFresh(note) {
                    // It may be coming: another would be one too many.
                    isWaiting = note.id == nil || isWaiting
                    continue
                }
                if key == nil { key = try await registeredKey(order) }
                try await launch(rank, order, key ?? .null)
                tried.insert(rank)
            }
            guard isWaiting else { return }
            do { try await Task.sleep(for: .seconds(1)) } catch {
                throw ProviderError(.transient, provider: provider, "given up")
            }
        }
    }

    private func isFresh(_ note: RESTNotes.Note) -> Bool { now() - note.askedAt < description.settling }

    private func launch(_ rank: Int, _ order: MachineOrder, _ key: JSONValue) async throws(ProviderError) {
        let token = order.request.token
        var note = RESTNotes.Note(askedAt: now())
        try written { () throws(SystemError) in try notes.write(note, token, rank) }
        do throws(RESTFailure) {
            let answer = try await calls.call(
                description.launch.endpoint, launchScope(rank, order, key), isSafe: false)
            note.id = description.launch.id.map { $0.values(in: answer).first?.text } ?? answer.text
        } catch {
            if !error.mayHaveWorked { try written { () throws(SystemError) in try notes.remove(token, rank) } }
            throw await withPlaces(error.error, order.request)
        }
        try written { () throws(SystemError) in try notes.write(note, token, rank) }
    }

    /// Where there are such machines, if the cloud says so: for people.
    private func withPlaces(_ error: ProviderError, _ request: NodeGroupRequest) async -> ProviderError {
        guard error.kind == .noCapacity, let availability = description.availability else { return error }
        let scope = requestScope(request)
        guard let answer = try? await calls.call(availability.endpoint, scope, isSafe: true),
            let path = RESTTemplate(text: availability.regions)?.rendered(scope)?.text.flatMap({ JSONPath($0) })
        else { return error }
        let regions = Set(path.values(in: answer).compactMap(\.text)).sorted()
        var error = error
        error.message +=
            regions.isEmpty
            ? "; it has none of these anywhere now" : "; it has some now in \(regions.joined(separator: ", "))"
        return error
    }

    // MARK: Looking

    func machines(of group: MachineGroupName) async throws(ProviderError) -> [CloudMachine] {
        try await listed().compactMap { $0.machine.token == group.token ? $0.machine : nil }.sorted {
            $0.rank < $1.rank
        }
    }

    func machines(ofRun run: RunID?) async throws(ProviderError) -> [CloudMachine] {
        try await listed().map(\.machine).filter { (run == nil || $0.run == run) && $0.state != .ended }
    }

    struct Listed {
        let machine: CloudMachine
        /// As the cloud tells of it.
        let raw: JSONValue
    }

    /// All of ours.
    func listed() async throws(ProviderError) -> [Listed] {
        do throws(RESTFailure) {
            return try await calls.items(description.list, settingScope).compactMap { raw in
                machine(raw).map { Listed(machine: $0, raw: raw) }
            }
        } catch { throw error.error }
    }

    // MARK: Giving back

    func remove(_ group: MachineGroupName) async throws(ProviderError) -> Bool {
        let known = notes.notes(of: group.token)
        let listed = try await listed().filter { $0.machine.token == group.token }
        for found in listed where found.machine.isAlive { try await terminate(found) }
        var isDone = !listed.contains { $0.machine.state != .ended }
        for (rank, note) in known where !listed.contains(where: { $0.machine.rank == rank }) {
            guard isFresh(note) else { continue }
            // One that may still be coming: it is waited for.
            if let id = note.id, try await isGone(id) { continue }
            isDone = false
        }
        if isDone { try written { () throws(SystemError) in try notes.removeAll(group.token) } }
        return isDone
    }

    private func terminate(_ found: Listed) async throws(ProviderError) {
        do throws(RESTFailure) {
            _ = try await calls.call(
                description.terminate, machineScope(found.machine, found.raw), isSafe: true)
        } catch { if !error.isNotFound { throw error.error } }
    }

    /// Gives back what was made and is not listed.
    private func isGone(_ id: String) async throws(ProviderError) -> Bool {
        do throws(RESTFailure) {
            _ = try await calls.call(description.terminate, machineScope(id), isSafe: true)
            return false
        } catch {
            if error.isNotFound { return true }
            throw error.error
        }
    }

    /// Of two machines of one rank, which a call that was heard after all may have made, one goes.
    private func removeDoubles(_ machines: [CloudMachine]) async throws(ProviderError) {
        let alive = Dictionary(grouping: machines.filter(\.isAlive), by: \.rank)
        let doubles = Set(
            alive.values.flatMap {
                $0.sorted {
                    ($0.createdAt?.millisecondsSince1970 ?? 0, $0.id) < (
                        $1.createdAt?.millisecondsSince1970 ?? 0, $1.id
                    )
                }.dropFirst()
            }.map(\.id))
        guard !doubles.isEmpty else { return }
        for found in try await listed() where doubles.contains(found.machine.id) { try await terminate(found) }
    }

    private func written(_ body: () throws(SystemError) -> Void) throws(ProviderError) {
        do { try body() } catch { throw error.providerError(provider) }
    }
}

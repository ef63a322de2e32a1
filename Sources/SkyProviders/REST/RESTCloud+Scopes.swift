import SkyCore
import SkyHTTP
import SkyRuntime

/// What the names in a description's templates stand for.
extension RESTCloud {
    var settingScope: JSONValue {
        .object(["setting": .object(settings.fields.mapValues { .string($0) })])
    }

    /// What is known of a machine type by its name.
    func facts(of type: String) -> [String: JSONValue] {
        description.types.filter { $0.pattern.fits(type) }.reduce(into: [:]) { facts, more in
            facts.merge(more.facts) { _, later in later }
        }
    }

    private func place(_ region: String) -> [String: JSONValue] {
        var scope: [String: JSONValue] = ["region": .string(region)]
        scope["place"] = description.places[region] ?? .null
        scope["setting"] = settingScope["setting"]
        return scope
    }

    func requestScope(_ request: NodeGroupRequest) -> JSONValue {
        .object(scope(of: request))
    }

    private func scope(of request: NodeGroupRequest) -> [String: JSONValue] {
        var scope = place(request.region)
        scope["token"] = .string(request.token)
        scope["run"] = .string("\(request.run)")
        scope["nodes"] = .string(String(request.numNodes))
        scope["zone"] = request.zone.map { .string($0) } ?? .null
        scope["instance_type"] = .string(request.instanceType)
        scope["type"] = .object(facts(of: request.instanceType))
        scope["spot"] = .boolean(request.isSpot)
        scope["image"] = (request.image ?? settings.image).map { .string($0) } ?? .null
        scope["disk"] = request.diskGiB.map { .integer(Int64($0)) } ?? .null
        scope["service_port"] = request.servicePort.map { .integer(Int64($0)) } ?? .null
        scope["accelerator"] =
            request.accelerator.map { .object(["name": .string($0.name), "count": .number($0.count)]) } ?? .null
        return scope
    }

    func launchScope(_ rank: Int, _ order: MachineOrder, _ key: JSONValue) -> JSONValue {
        var scope = scope(of: order.request)
        scope["rank"] = .string(String(rank))
        scope["name"] = .string(Self.name(order.request.token, rank))
        scope["cloud_init"] = .string(order.cloudInit)
        scope["key"] = key
        scope["tags"] = tags(rank, order)
        return .object(scope)
    }

    /// The same for one rank of one token whenever it is asked for; short enough for everybody, and fit to be a host's name.
    static func name(_ token: String, _ rank: Int) -> String {
        let digest = String(hexOf: SHA256.digest(of: Array("\(token) \(rank)".utf8)).prefix(8))
        return "sky-\(digest)-\(rank)"
    }

    /// Tags that a machine is found again by, in all forms that clouds keep them in.
    private func tags(_ rank: Int, _ order: MachineOrder) -> JSONValue {
        var own = order.tags(rank: rank).filter { $0.key.hasPrefix("sky-") }
        own[RESTTags.region] = order.request.region
        own[RESTTags.type] = order.request.instanceType
        let all = own.merging(order.request.labels) { own, _ in own }
        let sorted = own.sorted { $0.key < $1.key }
        let words = sorted.map { "\($0.key)=\($0.value)" }
        return .object([
            "pairs": .array(sorted.map { .object(["key": .string($0.key), "value": .string($0.value)]) }),
            "map": .object(all.mapValues { .string($0) }),
            "variables": .object(
                Dictionary(uniqueKeysWithValues: sorted.map { (RESTTags.variable($0.key), .string($0.value)) })),
            "words": .array(words.map { .string($0) }),
            "text": .string(words.joined(separator: " ")),
        ])
    }

    /// Of a machine that only its id is known of.
    func machineScope(_ id: String) -> JSONValue {
        .object(["id": .string(id), "setting": settingScope["setting"] ?? .null])
    }

    func machineScope(_ machine: CloudMachine, _ raw: JSONValue) -> JSONValue {
        var scope = place(machine.region)
        scope["id"] = .string(machine.id)
        scope["machine"] = raw
        return .object(scope)
    }

    // MARK: Keys

    /// The account's key that is the order's, made when there is none. Nothing of it where machines are not asked for with one.
    func registeredKey(_ order: MachineOrder) async throws(ProviderError) -> JSONValue {
        let words = order.publicKey.split(separator: " ").prefix(2).joined(separator: " ")
        let digest = String(hexOf: SHA256.digest(of: Array(words.utf8)).prefix(6))
        var key: [String: JSONValue] = ["name": .string("sky-\(digest)"), "line": .string(words)]
        guard let keys = description.keys else { return .object(key) }
        var scope = place(order.request.region)
        scope["key"] = .object(key)
        do throws(RESTFailure) {
            if let id = try await find(words, keys, scope) {
                key["id"] = .string(id)
                return .object(key)
            }
            let answer: JSONValue
            do throws(RESTFailure) { answer = try await calls.call(keys.add, .object(scope), isSafe: false) } catch {
                // Somebody else may just have done the same.
                guard let id = try await find(words, keys, scope) else { throw error }
                key["id"] = .string(id)
                return .object(key)
            }
            key["id"] = (keys.addedID.map { $0.value(in: answer)?.text } ?? answer.text).map { .string($0) }
            return .object(key)
        } catch { throw error.error }
    }

    private func find(
        _ words: String, _ keys: RESTDescription.Keys, _ scope: [String: JSONValue]
    ) async throws(RESTFailure) -> String? {
        for item in try await calls.items(keys.list, .object(scope)) {
            guard let line = keys.publicKey.value(in: item)?.text, let id = keys.id.value(in: item)?.text else {
                continue
            }
            if line.split(separator: " ").prefix(2).joined(separator: " ") == words { return id }
        }
        return nil
    }
}

/// The tags that these clouds' machines carry beside `MachineTag`'s.
enum RESTTags {
    static let region = "sky-region"
    static let type = "sky-type"

    static func variable(_ tag: String) -> String { tag.uppercased().replacing("-", with: "_") }
}

extension String {
    /// With `*` for any text.
    func fits(_ text: String) -> Bool {
        let parts = split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return self == text }
        guard text.hasPrefix(first), text.count >= first.count + last.count else { return false }
        var rest = text.dropFirst(first.count)
        guard rest.hasSuffix(last) else { return false }
        rest = rest.dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}

import SkyCore
import SkyYAML

/// Makes requests of what `resources` says: places put together, alternatives spelled out.
struct ResourceResolver {
    let reading: Reading

    func resolve(_ draft: ResourcesDraft) -> (resources: ResourceRequest, alternatives: [ResourceRequest]) {
        guard !draft.alternatives.isEmpty else { return (request(of: draft), []) }
        var requests: [ResourceRequest] = []
        for node in draft.alternatives {
            var copy = draft
            makeWay(for: node, in: &copy)
            ResourceFields.alternative.read(node, into: &copy, at: node.range, reading)
            let alternative = request(of: copy)
            if !requests.contains(alternative) { requests.append(alternative) }
        }
        let merged = Self.merged(requests)
        if merged.count == 1, let only = merged.first { return (only, []) }
        return (Self.common(merged), merged)
    }

    private func request(of draft: ResourcesDraft) -> ResourceRequest {
        var request = draft.request
        request.places = draft.infra
        if draft.provider != nil || draft.region != nil || draft.zone != nil {
            if !draft.infra.isEmpty {
                reading.error(
                    "spec.conflict", at: draft.placeKey, "'infra' stands beside 'cloud', 'region' or 'zone'",
                    expected: "one way to say where")
            }
            request.places = [PlaceConstraint(provider: draft.provider, region: draft.region, zone: draft.zone)]
        }
        return request
    }

    /// What an alternative says about the place replaces what stands beside the list, field by field.
    private func makeWay(for node: YAMLNode, in draft: inout ResourcesDraft) {
        let given = Set((node.mapping ?? []).map(\.key))
        if given.contains("infra") {
            (draft.provider, draft.region, draft.zone) = (nil, nil, nil)
        } else if !given.isDisjoint(with: ["cloud", "region", "zone"]), draft.infra.count == 1 {
            let place = draft.infra.removeFirst()
            (draft.provider, draft.region, draft.zone) = (place.provider, place.region, place.zone)
        }
    }

    /// As few requests as say the same: two that differ in nothing but their places, their accelerators or spot are one.
    private static func merged(_ requests: [ResourceRequest]) -> [ResourceRequest] {
        var merged = requests
        var index = 0
        while index < merged.count {
            let partner = merged.indices.first { other in
                other > index && union(merged[index], merged[other]) != nil
            }
            if let partner, let both = union(merged[index], merged[partner]) {
                merged[index] = both
                merged.remove(at: partner)
                index = 0
            } else {
                index += 1
            }
        }
        return merged
    }

    /// The request that admits exactly what `a` or `b` admits; nil if no single one does.
    private static func union(_ a: ResourceRequest, _ b: ResourceRequest) -> ResourceRequest? {
        var result = a
        result.places = b.places
        if result == b {
            result.places = either(a.places, b.places)
            return result
        }
        result = a
        result.accelerators = b.accelerators
        if result == b {
            result.accelerators = either(a.accelerators, b.accelerators)
            return result
        }
        result = a
        result.useSpot = b.useSpot
        guard result == b else { return nil }
        result.useSpot = true
        return result
    }

    /// Empty means "any".
    private static func either<Element: Equatable>(_ a: [Element], _ b: [Element]) -> [Element] {
        a.isEmpty || b.isEmpty ? [] : a + b.filter { !a.contains($0) }
    }

    /// What every one of `requests` needs.
    private static func common(_ requests: [ResourceRequest]) -> ResourceRequest {
        guard var common = requests.first else { return ResourceRequest() }
        for request in requests.dropFirst() {
            if common.cpus != request.cpus { common.cpus = nil }
            if common.memory != request.memory { common.memory = nil }
            if common.instanceType != request.instanceType { common.instanceType = nil }
            if common.diskSize != request.diskSize { common.diskSize = nil }
            if common.imageID != request.imageID { common.imageID = nil }
            common.accelerators = either(common.accelerators, request.accelerators)
            common.places = either(common.places, request.places)
            common.capabilities = common.capabilities.filter { request.capabilities.contains($0) }
            common.ports = Set(common.ports).union(request.ports).sorted()
            common.labels = common.labels.filter { request.labels[$0.key] == $0.value }
            common.useSpot = common.useSpot || request.useSpot
        }
        return common
    }
}

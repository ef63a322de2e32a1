import SkyCore

/// Puts alternatives together.
enum RequestMerging {
    /// As few requests as say the same: two that differ in nothing but where they may run or their accelerators are one.
    static func merged(_ requests: [ResourceRequest]) -> [ResourceRequest] {
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
        if a == b { return a }
        if let both = listUnion(\.places)(a, b) ?? listUnion(\.areas)(a, b) { return both }
        // A maker's models beside a memory are one thing that cannot be added to.
        let areModels = [a, b].allSatisfy { $0.acceleratorMemory == nil && $0.acceleratorCount == nil }
        // None at all is not "any": it asks for machines without.
        guard areModels, !a.accelerators.isEmpty, !b.accelerators.isEmpty else { return nil }
        return listUnion(\.accelerators)(a, b)
    }

    /// For requests that differ in one list alone.
    private static func listUnion<Element: Equatable>(
        _ field: WritableKeyPath<ResourceRequest, [Element]>
    ) -> (ResourceRequest, ResourceRequest) -> ResourceRequest? {
        { a, b in
            var result = a
            result[keyPath: field] = b[keyPath: field]
            guard result == b else { return nil }
            result[keyPath: field] = either(a[keyPath: field], b[keyPath: field])
            return result
        }
    }

    /// Empty means "any".
    private static func either<Element: Equatable>(_ a: [Element], _ b: [Element]) -> [Element] {
        a.isEmpty || b.isEmpty ? [] : a + b.filter { !a.contains($0) }
    }

    /// What every one of `requests` needs.
    static func common(_ requests: [ResourceRequest]) -> ResourceRequest {
        guard var common = requests.first else { return ResourceRequest() }
        func keep<Value: Equatable>(_ field: WritableKeyPath<ResourceRequest, Value?>, _ other: ResourceRequest) {
            if common[keyPath: field] != other[keyPath: field] { common[keyPath: field] = nil }
        }
        for request in requests.dropFirst() {
            keep(\.cpus, request)
            keep(\.memory, request)
            keep(\.acceleratorMemory, request)
            keep(\.acceleratorCount, request)
            keep(\.instanceType, request)
            keep(\.diskSize, request)
            keep(\.diskTier, request)
            keep(\.networkTier, request)
            keep(\.imageID, request)
            keep(\.numNodes, request)
            common.maxPricePerHour = common.maxPricePerHour.flatMap { mine in
                request.maxPricePerHour.map { max(mine, $0) }
            }
            common.accelerators = either(common.accelerators, request.accelerators)
            common.places = either(common.places, request.places)
            common.areas = either(common.areas, request.areas)
            common.capabilities = common.capabilities.filter { request.capabilities.contains($0) }
            common.excludedCapabilities = common.excludedCapabilities.filter {
                request.excludedCapabilities.contains($0)
            }
            common.ports = Set(common.ports).union(request.ports).sorted()
            common.labels = common.labels.filter { request.labels[$0.key] == $0.value }
            common.useSpot = common.useSpot || request.useSpot
        }
        return common
    }
}

import SkyCore
import SkyYAML

/// What `resources` comes to.
struct ResolvedResources {
    /// All that is asked for, or what every alternative needs.
    var request: ResourceRequest
    var alternatives: [ResourceRequest]
    var areOrdered = false
    var numNodes: Int
    /// SkyPilot's `job_recovery`; nil when none of them says so.
    var recovery: Located<JobRecovery>?
}

/// Makes requests of what `resources` says: places put together, alternatives spelled out.
struct ResourceResolver {
    let reading: Reading
    /// Where a request must stay that says nothing of its own.
    let defaultAreas: [String]

    func resolve(_ draft: ResourcesDraft, numNodes: Int) -> ResolvedResources {
        let isOrdered = draft.alternativesKey.map { $0.value == "ordered" } ?? draft.wishesAreOrdered
        let entries = entries(of: draft)
        var requests: [ResourceRequest] = []
        for entry in entries {
            for var request in variants(of: entry, isOrdered: isOrdered) {
                if request.numNodes == numNodes { request.numNodes = nil }
                if !requests.contains(request) { requests.append(request) }
            }
        }
        let merged = isOrdered ? requests : RequestMerging.merged(requests)
        guard merged.count > 1 else {
            var only = merged.first ?? ResourceRequest()
            let nodes = only.numNodes ?? numNodes
            only.numNodes = nil
            return ResolvedResources(
                request: only, alternatives: [], numNodes: nodes, recovery: recovery(of: entries))
        }
        return ResolvedResources(
            request: RequestMerging.common(merged), alternatives: merged, areOrdered: isOrdered, numNodes: numNodes,
            recovery: recovery(of: entries))
    }

    /// As in SkyPilot, a stage is begun again in one way, whatever it runs on.
    private func recovery(of entries: [ResourcesDraft]) -> Located<JobRecovery>? {
        let given = entries.compactMap(\.recovery)
        if let first = given.first, let other = given.first(where: { $0.value != first.value }) {
            reading.error(
                "spec.conflict", at: other.range, "a second way to begin the stage again",
                expected: "one 'job_recovery' for all alternatives",
                notes: [Diagnostic.Note(range: first.range, message: "the first")])
        }
        return given.first
    }

    private func entries(of draft: ResourcesDraft) -> [ResourcesDraft] {
        guard !draft.alternatives.isEmpty else { return [draft] }
        return draft.alternatives.map { node in
            var copy = base(of: draft, for: node)
            makeWay(for: node, in: &copy)
            ResourceFields.alternative.read(node, into: &copy, at: node.range, reading)
            return copy
        }
    }

    /// What an alternative starts from: a field without a value in it takes back what stands beside the list.
    private func base(of draft: ResourcesDraft, for alternative: YAMLNode) -> ResourcesDraft {
        let taken = Set((alternative.mapping ?? []).filter(\.value.isNull).map(\.key))
        guard !taken.isEmpty, let node = draft.node else { return draft }
        let kept = (node.mapping ?? []).filter { !taken.contains($0.key) }
        var base = ResourcesDraft()
        ResourceFields.section.read(
            YAMLNode(content: .mapping(kept), range: node.range), into: &base, at: node.range, reading)
        return base
    }

    /// The requests of which any one will do, in order of preference if it is ordered.
    private func variants(of draft: ResourcesDraft, isOrdered: Bool) -> [ResourceRequest] {
        var variants = Images.requests(request(of: draft), images: draft.images, reading)
        if !draft.localDisks.isEmpty {
            variants = variants.flatMap { request in
                draft.localDisks.map { disk in
                    var copy = request
                    if !copy.capabilities.contains(disk) { copy.capabilities.append(disk) }
                    return copy
                }
            }
        }
        let wishes = Self.grouped(draft.wishes, isOrdered: isOrdered)
        guard !wishes.isEmpty else { return variants }
        return wishes.flatMap { wish in
            variants.map { request in
                var copy = request
                wish(&copy)
                return copy
            }
        }
    }

    /// One for each request that the wishes need: models of which any one will do fit into one.
    private static func grouped(
        _ wishes: [AcceleratorWish], isOrdered: Bool
    ) -> [(inout ResourceRequest) -> Void] {
        var groups: [(inout ResourceRequest) -> Void] = []
        var models: [AcceleratorCount] = []
        for wish in wishes {
            switch wish {
            case .model(let model) where isOrdered: groups.append { $0.accelerators = [model] }
            case .model(let model): models.append(model)
            case .memory(let memory): groups.append(memory.write)
            }
        }
        if !models.isEmpty { groups.insert({ [models] in $0.accelerators = models }, at: 0) }
        return groups
    }

    private func request(of draft: ResourcesDraft) -> ResourceRequest {
        var request = draft.request
        request.places = draft.infra
        request.areas = draft.areas ?? defaultAreas
        if draft.provider != nil || draft.region != nil || draft.zone != nil {
            if !draft.infra.isEmpty {
                reading.error(
                    "spec.conflict", at: draft.placeKey, "'infra' stands beside 'cloud', 'region' or 'zone'",
                    expected: "one way to say where")
            }
            request.places = [PlaceConstraint(provider: draft.provider, region: draft.region, zone: draft.zone)]
        }
        // On Kubernetes an image is a container's, as in SkyPilot.
        if let image = request.imageID, !image.hasPrefix("docker:"), !request.places.isEmpty,
            request.places.allSatisfy({ $0.provider == "kubernetes" })
        {
            request.imageID = "docker:\(image)"
        }
        if let share = draft.memoryPerCPU {
            if let cpus = request.cpus {
                request.memory = .atLeast(share.value * cpus.least)
            } else {
                reading.error(
                    "spec.missing-field", at: share.range, "memory for each CPU, and no number of CPUs",
                    expected: "cpus beside it, or memory in GiB")
            }
        }
        return request
    }

    /// What an alternative says about the place, the accelerators or the image replaces what stands beside the list.
    private func makeWay(for node: YAMLNode, in draft: inout ResourcesDraft) {
        let given = Set((node.mapping ?? []).map(\.key))
        draft.wishesKey = nil
        if given.contains("infra") {
            (draft.provider, draft.region, draft.zone) = (nil, nil, nil)
        } else if !given.isDisjoint(with: ["cloud", "region", "zone"]), draft.infra.count == 1 {
            let place = draft.infra.removeFirst()
            (draft.provider, draft.region, draft.zone) = (place.provider, place.region, place.zone)
        }
    }
}

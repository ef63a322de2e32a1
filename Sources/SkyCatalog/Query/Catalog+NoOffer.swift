public import SkyCore

extension Catalog {
    /// Which single part of `request` rules everything out, and what would come nearest. For requests that
    /// `offers(for:)` answers with nothing.
    public func explainNoOffer(for request: ResourceRequest) -> NoOfferReason {
        let parts = RequestPart.all(of: request)
        let explainer = NoOfferExplainer(catalog: self, request: request)
        for part in parts where !isPossible(part.alone(of: request)) {
            return explainer.impossible(part)
        }
        // What is easiest to give up is looked at first: the machine's class is what the request is about.
        if let quota = quotaInTheWay(of: request) { return quota }
        let blame: [RequestPart] = parts.sorted { explainer.weight($0) < explainer.weight($1) }
        for part in blame {
            let rest = offers(for: part.dropped(from: request))
            if !rest.isEmpty { return explainer.inTheWay(part, of: rest) }
        }
        let words = parts.map { $0.words(in: request) }.joined(separator: ", ")
        return NoOfferReason(
            constraint: .combination,
            message: parts.isEmpty ? "the catalog has no offers" : "each can be had, but not all together: \(words)")
    }

    /// The quotas that forbid what else there is; nil when there is nothing else either.
    private func quotaInTheWay(of request: ResourceRequest) -> NoOfferReason? {
        let forbidden = offers(for: request, keepsQuotas: false)
        guard let cheapest = forbidden.min(by: Offer.isListedBefore) else { return nil }
        let machines = max(request.numNodes ?? 1, 1)
        var quotas: [Quota] = []
        for offer in forbidden {
            if let quota = quota(forbidding: machines, of: offer), !quotas.contains(quota) { quotas.append(quota) }
        }
        let names = quotas.prefix(3).map(\.description).joined(separator: "; ") + (quotas.count > 3 ? "; …" : "")
        let what =
            forbidden.count == 1 ? "the one offer that meets it is" : "all \(forbidden.count) offers that meet it are"
        return NoOfferReason(
            constraint: .quota, message: "\(what) more than the account may rent (\(names))",
            help: "with a higher quota the cheapest is \(cheapest.summary)", nearest: cheapest)
    }

    private func isPossible(_ request: ResourceRequest) -> Bool {
        // A place may hold only machines that a bare request does not mean: any row there will do.
        if request.accelerators.isEmpty, request.instanceType == nil, !request.places.isEmpty {
            return shelves.contains { shelf in
                guard let filter = RowFilter(request, on: shelf, facts: facts) else { return false }
                var found = false
                filter.forEachRow { _, _ in found = true }
                return found
                    || shelf.table.regions.contains { region in
                        request.places.contains { $0.admits(provider: shelf.profile.name, region: region, zone: nil) }
                    }
            }
        }
        return !offers(for: request, keepsQuotas: false).isEmpty
    }
}

/// Finds the words for why nothing fits.
private struct NoOfferExplainer {
    let catalog: Catalog
    let request: ResourceRequest

    func weight(_ part: RequestPart) -> Int {
        switch part {
        case .price: -1
        case .spot, .nodes, .diskTier, .timeLimit: 0
        case .cpus: 1
        case .memory: 2
        case .capability, .excluded: 3
        case .place, .area: 4
        case .instanceType: 5
        case .accelerators, .acceleratorMemory, .acceleratorCount: 6
        }
    }

    /// `part` cannot be met by anything in the catalog.
    func impossible(_ part: RequestPart) -> NoOfferReason {
        switch part {
        case .place: return unknownPlace()
        case .instanceType: return unknownType()
        case .accelerators: return unknownAccelerators()
        case .capability(let name):
            return NoOfferReason(
                constraint: .capability(name), message: "no offer has the capability '\(name)'",
                help: didYouMean(name, catalog.capabilityNames))
        case .spot: return NoOfferReason(constraint: .spot, message: "no offer of the catalog is sold as spot")
        case .area: return unknownArea()
        case .diskTier:
            return NoOfferReason(
                constraint: .diskTier, message: "no provider sells \(part.words(in: request))",
                help: "disk_tier: best takes the fastest that there is")
        case .acceleratorMemory, .acceleratorCount, .excluded, .price, .nodes, .timeLimit:
            let nearest = catalog.offers(for: part.dropped(from: part.alone(of: request))).min(by: Offer.isListedBefore)
            return NoOfferReason(
                constraint: part.constraint, message: "no offer has \(part.words(in: request))",
                help: nearest.map { "without that the cheapest is \($0.summary)" }, nearest: nearest)
        case .cpus, .memory:
            let alike = catalog.offers(for: part.dropped(from: part.alone(of: request)))
            let kind = request.accelerators.isEmpty ? "" : " with \(RequestPart.accelerators.words(in: request))"
            return size(part, among: alike, start: "no offer\(kind) has")
        }
    }

    /// `rest` would fit if it were not for `part`.
    func inTheWay(_ part: RequestPart, of rest: [Offer]) -> NoOfferReason {
        let start =
            rest.count == 1
            ? "the one offer that meets the rest does not have"
            : "none of the \(rest.count) offers that meet the rest has"
        let cheapest = rest.min(by: Offer.isListedBefore)
        let instead = cheapest.map { "the cheapest is \($0.summary)" } ?? ""
        switch part {
        case .cpus: return size(.cpus, among: rest, start: start)
        case .memory: return size(.memory, among: rest, start: start)
        case .spot:
            return NoOfferReason(
                constraint: .spot, message: "nothing that meets the rest is sold as spot",
                help: "on demand \(instead)", nearest: cheapest)
        case .capability(let name):
            let holders = Set(catalog.offers(for: part.alone(of: request)).map(\.provider)).sorted()
            return NoOfferReason(
                constraint: .capability(name), message: "\(start) the capability '\(name)'",
                help: "it is offered by \(holders.joined(separator: ", "))", nearest: cheapest)
        case .place:
            let names = request.places.map(\.description).joined(separator: ", ")
            return NoOfferReason(
                constraint: .place, message: "no offer in \(names) meets the rest", help: "elsewhere \(instead)",
                nearest: cheapest)
        case .instanceType:
            return NoOfferReason(
                constraint: .instanceType, message: "\(request.instanceType ?? "") does not meet the rest",
                help: "of other types \(instead)", nearest: cheapest)
        case .area:
            return NoOfferReason(
                constraint: .area, message: "no offer in \(request.areas.joined(separator: ", ")) meets the rest",
                help: "elsewhere \(instead)", nearest: cheapest)
        case .price:
            return NoOfferReason(
                constraint: .price, message: "nothing that meets the rest costs \(part.words(in: request))",
                help: instead, nearest: cheapest)
        case .diskTier:
            let holders = catalog.providers.filter { profile in
                profile.terms.diskTiers.contains { $0.name == request.diskTier }
            }
            let lacking = Set(rest.map(\.provider)).sorted().joined(separator: ", ")
            return NoOfferReason(
                constraint: .diskTier,
                message: "what meets the rest is at \(lacking), with no \(part.words(in: request)) for it",
                help: "disk_tier: best takes the fastest that there is; \(request.diskTier ?? "") is sold by "
                    + holders.map(\.name).joined(separator: ", "), nearest: cheapest)
        case .acceleratorMemory, .acceleratorCount, .excluded, .nodes, .timeLimit:
            return NoOfferReason(
                constraint: part.constraint, message: "no offer with \(part.words(in: request)) meets the rest",
                help: "without that \(instead)", nearest: cheapest)
        case .accelerators:
            return NoOfferReason(
                constraint: .accelerators, message: "no offer with \(part.words(in: request)) meets the rest",
                help: "without accelerators \(instead)", nearest: cheapest)
        }
    }

    private func size(_ part: RequestPart, among offers: [Offer], start: String) -> NoOfferReason {
        let isMemory = part == .memory
        let constraint: NoOfferReason.Constraint = isMemory ? .memory : .cpus
        let value = { (offer: Offer) in isMemory ? offer.memoryGiB : offer.cpus }
        let message = "\(start) \(part.words(in: request))"
        guard let wanted = isMemory ? request.memory : request.cpus else {
            return NoOfferReason(constraint: constraint, message: message)
        }
        let below = offers.filter { value($0) < wanted.least }.max { value($0) < value($1) }
        let above = offers.filter { value($0) > wanted.least }.min { value($0) < value($1) }
        guard wanted.isExact, let above else {
            let largest = below.map { "; the largest has \(trimmed(value($0))) (\($0.name))" } ?? ""
            return NoOfferReason(constraint: constraint, message: message + largest, nearest: below)
        }
        let values = [below, above].compactMap { $0.map { trimmed(value($0)) } }
        return NoOfferReason(
            constraint: constraint, message: "\(message); the nearest have \(values.joined(separator: " and "))",
            help: "'\(trimmed(wanted.least))+' asks for at least so much", nearest: above)
    }

    private func unknownAccelerators() -> NoOfferReason {
        let all = catalog.shelves.flatMap { $0.table.accelerators.map(\.wanted) }
        var help: String?
        let messages = request.accelerators.map { wanted in
            let counts = Set(all.filter { isSameName($0.name, wanted.name) }.map(\.count)).sorted()
            guard counts.isEmpty else {
                return "no offer has \(wanted); \(wanted.name) comes in \(counts.map(trimmed).joined(separator: ", "))"
            }
            help = help ?? didYouMean(wanted.name, catalog.acceleratorNames)
            return "no offer has the accelerator '\(wanted.name)'"
        }
        return NoOfferReason(constraint: .accelerators, message: messages.joined(separator: "; "), help: help)
    }

    private func unknownArea() -> NoOfferReason {
        let known = catalog.areaNames
        let unknown = request.areas.filter { !known.contains($0) }
        let words = (unknown.isEmpty ? request.areas : unknown).joined(separator: ", ")
        return NoOfferReason(
            constraint: .area, message: "no region is in \(words)",
            help: unknown.first.flatMap { didYouMean($0, known) } ?? "known are \(known.joined(separator: ", "))")
    }

    private func unknownType() -> NoOfferReason {
        let wanted = request.instanceType ?? ""
        let names = catalog.shelves.flatMap { $0.table.types.names }
        return NoOfferReason(
            constraint: .instanceType, message: "no provider has the machine type '\(wanted)'",
            help: didYouMean(wanted, names))
    }

    private func unknownPlace() -> NoOfferReason {
        var help: String?
        let messages = request.places.map { place in
            if let name = place.provider, catalog.provider(named: name) == nil {
                help = help ?? didYouMean(name, catalog.providers.map(\.name))
                return "there is no provider '\(name)'"
            }
            let profiles = catalog.providers.filter { ($0.name == place.provider ?? $0.name) }
            let regions = profiles.flatMap { $0.regions.map(\.name) }
            if let region = place.region, !regions.contains(region) {
                help = help ?? didYouMean(region, regions)
                return "there is no region '\(region)'" + (place.provider.map { " at \($0)" } ?? "")
            }
            return "there are no offers in \(place)"
        }
        return NoOfferReason(constraint: .place, message: messages.joined(separator: "; "), help: help)
    }

    private func didYouMean(_ word: String, _ names: [String]) -> String? {
        nearestName(to: word, among: names).map { "did you mean '\($0)'?" }
    }
}

extension Offer {
    fileprivate var name: String { "\(provider) \(instanceType)" }
    fileprivate var summary: String {
        "\(provider) \(instanceType) in \(region) at \(pricePerHour.formatted(decimals: 4)) per hour"
    }
}

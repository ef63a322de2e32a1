public import SkyCore

/// A name in a request that the catalog does not know.
public struct RequestProblem: Hashable, Sendable, CustomStringConvertible {
    public enum Field: String, Hashable, Sendable, Codable {
        case provider, region, zone, area, instanceType, accelerator, capability, excludedCapability
    }

    public var field: Field
    /// As the request has it.
    public var name: String
    /// One sentence without a full stop: `no provider has the machine type 'm6i.xlage'`.
    public var message: String
    /// Names that exist and are like it, the nearest first; at most three.
    public var suggestions: [String]
    /// What to do: `did you mean 'm6i.xlarge' (aws, 30 regions)?`
    public var help: String?

    public var description: String { help.map { "\(message) (\($0))" } ?? message }
}

extension Catalog {
    /// Every name in the request that nothing in the catalog goes by, with the nearest that exist and where they are
    /// offered. A request without problems may still have no offer: `elimination(for:)` says why.
    public func problems(with request: ResourceRequest) -> [RequestProblem] {
        var problems = request.places.flatMap(problems)
        // Not looked up for nothing: a pipeline of a thousand stages asks a thousand times.
        let areas = request.areas.isEmpty ? [] : areaNames
        problems += request.areas.filter { !areas.contains($0) }.map {
            problem(.area, $0, "no region is in an area called '\($0)'", among: areas) { _ in nil }
        }
        if let type = request.instanceType, !shelves.contains(where: { $0.table.types.id(of: type) != nil }) {
            let names = Set(shelves.flatMap { $0.table.types.names })
            problems.append(
                problem(.instanceType, type, "no provider has the machine type '\(type)'", among: names, holdersOfType))
        }
        for wanted in request.accelerators {
            let meant = facts.canonical(wanted)
            let isKnown = shelves.contains { shelf in
                shelf.table.accelerators.contains {
                    $0.isMeant(by: AcceleratorCount(name: meant.name, count: $0.wanted.count))
                }
            }
            guard !isKnown else { continue }
            problems.append(
                problem(
                    .accelerator, wanted.name, "no offer has the accelerator '\(wanted.name)'",
                    among: acceleratorNames + facts.facts.flatMap(\.aliases), holdersOfAccelerator))
        }
        guard !request.capabilities.isEmpty || !request.excludedCapabilities.isEmpty else { return problems }
        let known = capabilityNames + [RowFilter.spotCapability]
        for name in request.capabilities where !known.contains(name) {
            problems.append(
                problem(
                    .capability, name, "no offer has the capability '\(name)'", among: known, holdersOfCapability))
        }
        for name in request.excludedCapabilities where !known.contains(name) {
            problems.append(
                problem(
                    .excludedCapability, name, "no offer has the capability '\(name)' that is to be avoided",
                    among: known, holdersOfCapability))
        }
        return problems
    }

    private func problems(with place: PlaceConstraint) -> [RequestProblem] {
        let names = providers.map(\.name)
        if let provider = place.provider, self.provider(named: provider) == nil {
            return [problem(.provider, provider, "there is no provider '\(provider)'", among: names) { _ in nil }]
        }
        let candidates = shelves.filter { $0.profile.name == place.provider ?? $0.profile.name }
        let at = place.provider.map { " at \($0)" } ?? ""
        if let region = place.region {
            let holders = candidates.filter { $0.profile.regions.contains { $0.name == region } }
            guard !holders.isEmpty else {
                let known = Set(candidates.flatMap { $0.profile.regions.map(\.name) })
                if place.provider == "kubernetes" { return [unknownContext(region, known)] }
                var found = problem(
                    .region, region, "there is no region '\(region)'\(at)", among: known, holdersOfRegion)
                let elsewhere = providers.filter { $0.regions.contains { $0.name == region } }.map(\.name)
                if !elsewhere.isEmpty { found.help = "it is a region of \(elsewhere.joined(separator: ", "))" }
                return [found]
            }
        }
        guard let zone = place.zone else { return [] }
        let zones = Set(
            candidates.flatMap { shelf in
                shelf.table.zoneNames(in: place.region)
            })
        if zones.contains(zone) || candidates.contains(where: { $0.table.isOwnName(zone, in: place.region) }) {
            return []
        }
        let region = place.region.map { " in \($0)" } ?? ""
        return [problem(.zone, zone, "there is no zone '\(zone)'\(region)\(at)", among: zones) { _ in nil }]
    }

    /// What a cluster has, only its owner can say.
    private func unknownContext(_ name: String, _ known: Set<String>) -> RequestProblem {
        var found = problem(
            .region, name, "nothing says what the Kubernetes context '\(name)' has", among: known, holdersOfRegion)
        found.help =
            known.isEmpty
            ? "name it in kubernetes.yaml among your settings (docs/kubernetes.md), or describe its nodes under 'hosts' in providers/kubernetes/provider.yaml there (docs/catalog.md)"
            : found.help
        return found
    }

    private func problem(
        _ field: RequestProblem.Field, _ name: String, _ message: String, among known: some Sequence<String>,
        _ holders: (String) -> String?
    ) -> RequestProblem {
        var rest = Set(known)
        var suggestions: [String] = []
        while suggestions.count < 3, let nearest = nearestName(to: name, among: rest) {
            suggestions.append(nearest)
            rest.remove(nearest)
        }
        let help = suggestions.first.map { nearest in
            "did you mean '\(nearest)'\(holders(nearest).map { " (\($0))" } ?? "")?"
        }
        return RequestProblem(
            field: field, name: name, message: message, suggestions: suggestions,
            help: help ?? shortList(Set(known).sorted()))
    }

    /// Nothing is near: all there are, if that is not too many.
    private func shortList(_ names: [String]) -> String? {
        names.isEmpty || names.count > 40 ? nil : "known are \(names.joined(separator: ", "))"
    }

    private func holdersOfType(_ type: String) -> String? {
        holders { table, shape in table.types.id(of: type) == table.shapeType[shape] }
    }

    private func holdersOfAccelerator(_ name: String) -> String? {
        let meant = facts[name]?.name ?? name
        return holders { table, shape in
            let accelerator = table.shapeAccelerator[shape]
            return accelerator >= 0 && isSameName(table.accelerators[Int(accelerator)].wanted.name, meant)
        }
    }

    private func holdersOfCapability(_ name: String) -> String? {
        if name == RowFilter.spotCapability { return nil }
        return holders { table, shape in table.capabilitySets[Int(table.shapeCapabilities[shape])].contains(name) }
    }

    private func holdersOfRegion(_ region: String) -> String? {
        let names = providers.filter { $0.regions.contains { $0.name == region } }.map(\.name)
        return names.isEmpty ? nil : names.joined(separator: ", ")
    }

    /// `aws, 30 regions; gcp, 12 regions`.
    private func holders(_ isHolder: (OfferTable, Int) -> Bool) -> String? {
        let words = shelves.compactMap { shelf -> String? in
            let table = shelf.table
            var regions: Set<Int32> = []
            for shape in 0..<table.shapeCount where isHolder(table, shape) {
                for row in table.rows(ofShape: shape) { regions.insert(table.region[row]) }
            }
            guard !regions.isEmpty else { return nil }
            let place = regions.count == 1 ? table.regions[Int(regions.first ?? 0)] : "\(regions.count) regions"
            return "\(shelf.profile.name), \(place)"
        }
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }
}

extension OfferTable {
    /// Every zone that a row lists, in one region or all.
    func zoneNames(in region: String?) -> Set<String> {
        var names: Set<String> = []
        var seen: Set<Int32> = []
        for row in 0..<count where region == nil || regions[Int(self.region[row])] == region {
            if seen.insert(zoneNumber(row)).inserted { names.formUnion(zones(row)) }
        }
        return names
    }

    /// The zones of `places` that are names of one's own account.
    func ownZoneNames(in places: [PlaceConstraint]) -> Set<String> {
        Set(places.compactMap { place in place.zone.flatMap { isOwnName($0, in: place.region) ? $0 : nil } })
    }

    /// AWS calls a zone by a letter (`us-east-1a`) that means another place in each account; the catalog lists the ids
    /// that mean one (`use1-az4`). A name of the right form is some zone of its region.
    func isOwnName(_ zone: String, in region: String?) -> Bool {
        let region = region ?? regions.first { zone.hasPrefix($0) && zone.count == $0.count + 1 }
        guard let region, zone.hasPrefix(region), zone.count == region.count + 1, let letter = zone.last else {
            return false
        }
        return letter.isLetter && zoneNames(in: region).contains { $0.contains("-az") }
    }
}

import SkyCore

/// A request worked out against one provider's table, so that a row is judged by comparing numbers.
struct RowFilter {
    /// Where in a region the request may run.
    enum Reach: Equatable {
        case nowhere
        /// The request names no zone of it.
        case anyZone
        case zones([String])
    }

    /// A machine with one of these is only meant when the request says so, by type, accelerator or capability: an
    /// Arm processor runs other programs, a burstable machine is slow by design, a bare one takes long to start, and
    /// one of a series that its provider has replaced may be had by nobody who is new.
    static let optIn: Set<String> = ["arm64", "bare-metal", "burstable", "previous-generation"]
    /// Asks for the spot market; no row lists it.
    static let spotCapability = "spot"

    private let shelf: ProviderShelf
    private let type: Int32?
    private let reach: [Reach]
    private let acceleratorFits: [Bool]
    private let takesAccelerators: Bool
    private let capabilitiesFit: [Bool]
    private let cpus: Quantity?
    private let memory: Quantity?
    private let maxPrice: Money?
    private let nodes: Int
    private let neededFor: NeededTime?
    /// Zones asked for by names that mean any zone of their region.
    private let ownNames: Set<String>
    let market: Offer.Market
    /// What the capabilities asked for cost on top.
    let surcharges: [ProviderProfile.CapabilitySurcharge]

    /// Nil when no row of the provider can fit.
    init?(_ request: ResourceRequest, on shelf: ProviderShelf, facts: AcceleratorFacts) {
        let (profile, table) = (shelf.profile, shelf.table)
        guard Self.admits(profile, request) else { return nil }
        var type: Int32?
        if let wanted = request.instanceType {
            guard let id = table.types.id(of: wanted) else { return nil }
            type = id
        }
        self.shelf = shelf
        self.type = type
        cpus = request.cpus
        memory = request.memory
        maxPrice = request.maxPricePerHour
        nodes = max(request.numNodes ?? 1, 1)
        neededFor = request.neededFor
        market = request.wantedMarket
        guard market == .onDemand || !request.excludedCapabilities.contains(Self.spotCapability) else { return nil }
        reach = Self.reach(request, profile, table)
        ownNames = table.ownZoneNames(in: request.places)
        takesAccelerators = request.wantsAccelerators
        acceleratorFits = Self.acceleratorFits(request, table, facts)
        capabilitiesFit = Self.capabilitiesFit(request, table)
        surcharges = profile.surcharges(for: request)
        guard reach.contains(where: { $0 != .nowhere }), capabilitiesFit.contains(true) else { return nil }
        if takesAccelerators, !acceleratorFits.contains(true) { return nil }
    }

    /// The provider is one of those named, or none is and it does not wait for its name.
    static func admits(_ profile: ProviderProfile, _ request: ResourceRequest) -> Bool {
        let places = request.places.filter { ($0.provider ?? profile.name) == profile.name }
        guard request.places.isEmpty || !places.isEmpty else { return false }
        return profile.placement == .any || places.contains { $0.provider == profile.name }
    }

    /// By region of the table.
    private static func reach(
        _ request: ResourceRequest, _ profile: ProviderProfile, _ table: OfferTable
    ) -> [Reach] {
        let wanted = request.wantedCapabilities
        let places = request.places.filter { ($0.provider ?? profile.name) == profile.name }
        return table.regions.map { region in
            guard wanted.allSatisfy({ profile.offers($0, in: region) }), profile.isIn(request.areas, region) else {
                return .nowhere
            }
            let here = places.filter { ($0.region ?? region) == region }
            if places.isEmpty || here.contains(where: { $0.zone == nil }) { return .anyZone }
            return here.isEmpty ? .nowhere : .zones(here.compactMap(\.zone))
        }
    }

    /// By accelerator of the table.
    static func acceleratorFits(
        _ request: ResourceRequest, _ table: OfferTable, _ facts: AcceleratorFacts
    ) -> [Bool] {
        let wanted = request.accelerators.map(facts.canonical)
        return table.accelerators.map { own in
            guard wanted.isEmpty || wanted.contains(where: own.isMeant) else { return false }
            return own.admits(request)
        }
    }

    /// By capability list of the table.
    static func capabilitiesFit(_ request: ResourceRequest, _ table: OfferTable) -> [Bool] {
        let wanted = request.wantedCapabilities
        return table.capabilitySets.map { own in
            wanted.allSatisfy(own.contains) && !request.excludedCapabilities.contains(where: own.contains)
                && isMeant(own, request)
        }
    }

    /// Machines of a special kind are meant only if something in the request says so.
    static func isMeant(_ capabilities: [String], _ request: ResourceRequest) -> Bool {
        request.instanceType != nil || request.wantsAccelerators
            || capabilities.allSatisfy { !optIn.contains($0) || request.capabilities.contains($0) }
    }

    /// Calls `body` with each row that fits and where in its region it may run.
    func forEachRow(_ body: (Int, Reach) -> Void) {
        let table = shelf.table
        for shape in 0..<table.shapeCount where fits(shape, table) {
            for row in table.rows(ofShape: shape) where isAffordable(row, table) {
                switch reach[Int(table.region[row])] {
                case .nowhere: break
                case .anyZone: body(row, .anyZone)
                case .zones(let wanted):
                    let own = table.zones(row)
                    let zones = wanted.filter { own.contains($0) || ownNames.contains($0) }
                    if !zones.isEmpty { body(row, .zones(zones)) }
                }
            }
        }
    }

    private func fits(_ shape: Int, _ table: OfferTable) -> Bool {
        if let type, table.shapeType[shape] != type { return false }
        guard capabilitiesFit[Int(table.shapeCapabilities[shape])] else { return false }
        let accelerator = table.shapeAccelerator[shape]
        if takesAccelerators {
            guard accelerator >= 0, acceleratorFits[Int(accelerator)] else { return false }
        } else if accelerator >= 0 {
            // Nobody wants accelerators unasked; a named type has those that it never goes without.
            guard let type, !table.isSoldBare(type) else { return false }
        }
        return (cpus?.admits(table.shapeCPUs[shape]) ?? true) && (memory?.admits(table.shapeMemory[shape]) ?? true)
    }

    private func lasts(_ row: Int, _ table: OfferTable) -> Bool {
        neededFor.map { table.lasts(row, $0) } ?? true
    }

    private func isAffordable(_ row: Int, _ table: OfferTable) -> Bool {
        guard table.price(row, market) != OfferTable.noPrice, shelf.isUsable(row, market) else { return false }
        let available = table.available[row]
        guard available < 0 || available >= nodes else { return false }
        guard lasts(row, table) else { return false }
        guard let maxPrice else { return true }
        return table.price(row, market, with: surcharges).map { $0 <= maxPrice } ?? false
    }
}

extension OfferTable {
    /// It may be had for as long as it is needed.
    func lasts(_ row: Int, _ needed: NeededTime) -> Bool {
        let limit = timeLimit(row)
        guard limit >= 0 else { return true }
        let number = shapeAccelerator[Int(shape[row])]
        let accelerator = number >= 0 ? accelerators[Int(number)].wanted : nil
        return needed.on(accelerator).map { $0 <= .seconds(Int64(limit)) } ?? true
    }
}

extension OfferTable.Accelerator {
    /// As to number and memory, whatever the model.
    func admits(_ request: ResourceRequest) -> Bool {
        if let count = request.acceleratorCount, !count.admits(wanted.count) { return false }
        guard let memory = request.acceleratorMemory else { return true }
        return memoryGB.map(memory.admits) ?? false
    }
}

extension ProviderProfile {
    /// True when no area is asked for, or the region is in one of them.
    func isIn(_ areas: [String], _ region: String) -> Bool {
        guard !areas.isEmpty else { return true }
        guard let own = regions.first(where: { $0.name == region }) else { return false }
        return areas.contains { RegionAreas.contains($0, own) }
    }

    /// What the capabilities asked for cost on top, on machines that have them.
    func surcharges(for request: ResourceRequest) -> [CapabilitySurcharge] {
        let wanted = request.wantedCapabilities
        return capabilitySurcharges.filter { surcharge in
            wanted.contains { $0 == surcharge.capability || surcharge.askedAs.contains($0) }
        }
    }
}

extension ResourceRequest {
    var wantedMarket: Offer.Market {
        useSpot || capabilities.contains(RowFilter.spotCapability) ? .spot : .onDemand
    }

    /// Without `spot`, which is a market.
    var wantedCapabilities: [String] { capabilities.filter { $0 != RowFilter.spotCapability } }

    var wantsAccelerators: Bool { !accelerators.isEmpty || acceleratorMemory != nil || acceleratorCount != nil }
}

/// Names of accelerators differ by more than case.
func isSameName(_ a: String, _ b: String) -> Bool { a == b || a.lowercased() == b.lowercased() }

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
    /// Arm processor runs other programs, a burstable machine is slow by design, a bare one takes long to start.
    static let optIn: Set<String> = ["arm64", "bare-metal", "burstable"]
    /// Asks for the spot market; no row lists it.
    static let spotCapability = "spot"

    private let shelf: ProviderShelf
    private let type: Int32?
    private let reach: [Reach]
    /// By region: `reach` is not nowhere.
    private let isReachable: [Bool]
    /// By accelerator; nil when the request names none.
    private let acceleratorFits: [Bool]?
    private let capabilitiesFit: [Bool]
    private let cpus: Quantity?
    private let memory: Quantity?
    let market: Offer.Market
    /// What the capabilities asked for cost on top.
    let surcharges: [ProviderProfile.CapabilitySurcharge]

    /// Nil when no row of the provider can fit.
    init?(_ request: ResourceRequest, on shelf: ProviderShelf) {
        let (profile, table) = (shelf.profile, shelf.table)
        let places = request.places.filter { ($0.provider ?? profile.name) == profile.name }
        guard request.places.isEmpty || !places.isEmpty else { return nil }
        let isNamed = places.contains { $0.provider == profile.name }
        guard profile.placement == .any || isNamed else { return nil }
        var type: Int32?
        if let wanted = request.instanceType {
            guard let id = table.types.id(of: wanted) else { return nil }
            type = id
        }
        self.shelf = shelf
        self.type = type
        cpus = request.cpus
        memory = request.memory
        market = request.useSpot || request.capabilities.contains(Self.spotCapability) ? .spot : .onDemand
        let wanted = request.capabilities.filter { $0 != Self.spotCapability }
        let reach = table.regions.names.map { region -> Reach in
            guard wanted.allSatisfy({ profile.offers($0, in: region) }) else { return .nowhere }
            return Self.reach(of: region, in: places)
        }
        acceleratorFits =
            request.accelerators.isEmpty
            ? nil
            : table.accelerators.map { own in
                request.accelerators.contains { $0.count == own.count && isSameName($0.name, own.name) }
            }
        let isChosen = request.instanceType != nil || !request.accelerators.isEmpty
        capabilitiesFit = table.capabilitySets.map { own in
            wanted.allSatisfy(own.contains)
                && (isChosen || own.allSatisfy { !Self.optIn.contains($0) || wanted.contains($0) })
        }
        surcharges = profile.capabilitySurcharges.filter { surcharge in
            wanted.contains { $0 == surcharge.capability || surcharge.askedAs.contains($0) }
        }
        self.reach = reach
        isReachable = reach.map { $0 != .nowhere }
        guard isReachable.contains(true), capabilitiesFit.contains(true) else { return nil }
        if let acceleratorFits, !acceleratorFits.contains(true) { return nil }
    }

    private static func reach(of region: String, in places: [PlaceConstraint]) -> Reach {
        let here = places.filter { ($0.region ?? region) == region }
        if places.isEmpty || here.contains(where: { $0.zone == nil }) { return .anyZone }
        return here.isEmpty ? .nowhere : .zones(here.compactMap(\.zone))
    }

    /// Calls `body` with each row that fits and where in its region it may run.
    func forEachRow(_ body: (Int, Reach) -> Void) {
        for row in 0..<shelf.table.count where fits(row) {
            let reach = reach[Int(shelf.table.region[row])]
            if case .zones(let wanted) = reach {
                let zones = wanted.filter(shelf.table.zoneLists[Int(shelf.table.zoneList[row])].contains)
                if !zones.isEmpty { body(row, .zones(zones)) }
            } else {
                body(row, reach)
            }
        }
    }

    private func fits(_ row: Int) -> Bool {
        if let type, shelf.table.type[row] != type { return false }
        guard shelf.table.price(row, market) != OfferTable.noPrice else { return false }
        guard isReachable[Int(shelf.table.region[row])] else { return false }
        let accelerator = shelf.table.accelerator[row]
        if let acceleratorFits {
            guard accelerator >= 0, acceleratorFits[Int(accelerator)] else { return false }
        } else if accelerator >= 0 {
            // Nobody wants accelerators unasked; a named type has those that it never goes without.
            guard let type, !shelf.table.isSoldBare[Int(type)] else { return false }
        }
        return (cpus?.admits(shelf.table.cpus[row]) ?? true) && (memory?.admits(shelf.table.memoryGiB[row]) ?? true)
            && capabilitiesFit[Int(shelf.table.capabilitySet[row])]
    }
}

/// Names of accelerators differ by more than case.
func isSameName(_ a: String, _ b: String) -> Bool { a == b || a.lowercased() == b.lowercased() }

public import SkyCore

/// How many offers fell to which part of a request, and what relaxing one would bring.
public struct OfferElimination: Hashable, Sendable {
    public struct Step: Hashable, Sendable {
        public var constraint: NoOfferReason.Constraint
        /// What the constraint asks for: `8+ CPUs`, `a region in eu`, `sold on demand`.
        public var phrase: String
        /// Offers that met all constraints before this one, and fail this one.
        public var fallen: Int
        /// Offers that fail this one, whatever else they fail.
        public var failing: Int
        /// Offers that would be there if only this one were relaxed.
        public var unlocked: Int
        /// The cheapest of those, at the price that holds without the constraint.
        public var cheapestUnlocked: Offer?

        public init(
            constraint: NoOfferReason.Constraint, phrase: String, fallen: Int, failing: Int, unlocked: Int,
            cheapestUnlocked: Offer? = nil
        ) {
            self.constraint = constraint
            self.phrase = phrase
            self.fallen = fallen
            self.failing = failing
            self.unlocked = unlocked
            self.cheapestUnlocked = cheapestUnlocked
        }
    }

    /// Every row of the catalog at providers that may be used at all.
    public var considered: Int
    /// Rows that meet everything.
    public var remaining: Int
    /// In the order in which the request is read: what it names first, then what goes without saying.
    public var steps: [Step]
    /// The offer that fails the fewest constraints, and of those the cheapest; nil when some offer fails none.
    public var nearestMiss: Offer?
    /// What it fails, as positions in `steps`.
    public var nearestMissFails: [Int]

    public init(
        considered: Int, remaining: Int, steps: [Step], nearestMiss: Offer? = nil, nearestMissFails: [Int] = []
    ) {
        self.considered = considered
        self.remaining = remaining
        self.steps = steps
        self.nearestMiss = nearestMiss
        self.nearestMissFails = nearestMissFails
    }
}

extension Catalog {
    /// Judges every row of the catalog by every part of the request, also where there is an offer.
    public func elimination(for request: ResourceRequest) -> OfferElimination {
        var judge = Judge(request: request, facts: facts)
        if shelves.contains(where: { judge.mayBeUsed($0.profile) && !$0.profile.quotas.isEmpty }) {
            judge.knowsQuotas()
        }
        for shelf in shelves where judge.mayBeUsed(shelf.profile) { judge.look(at: shelf) }
        return judge.verdict()
    }
}

/// Gives each row one bit per constraint that it fails.
private struct Judge {
    private enum Constraint: Hashable {
        case part(RequestPart)
        case plainMachine, specialMachine, onDemand, believedPrice, quota
    }

    private struct Best {
        var price: Int64
        var shelf: ProviderShelf
        var row: Int
        var market: Offer.Market
    }

    private let request: ResourceRequest
    private let facts: AcceleratorFacts
    private var constraints: [Constraint]
    private var count = 0
    /// How many rows fail exactly this set.
    private var rowsByMask: [UInt64: Int] = [:]
    private var bestAlone: [Int: Best] = [:]
    private var nearest: (fails: Int, mask: UInt64, best: Best)?

    init(request: ResourceRequest, facts: AcceleratorFacts) {
        self.request = request
        self.facts = facts
        var constraints = RequestPart.all(of: request).map { Constraint.part($0) }
        if !request.wantsAccelerators { constraints.append(.plainMachine) }
        if !request.wantsAccelerators, request.instanceType == nil { constraints.append(.specialMachine) }
        if request.wantedMarket == .onDemand { constraints.append(.onDemand) }
        constraints.append(.believedPrice)
        self.constraints = Array(constraints.prefix(64))
    }

    /// Quotas are a constraint once there are some.
    mutating func knowsQuotas() {
        if constraints.count < 64 { constraints.append(.quota) }
    }

    /// Providers that wait for their name are not looked at unless they are named.
    func mayBeUsed(_ profile: ProviderProfile) -> Bool {
        profile.placement == .any || request.places.contains { $0.provider == profile.name }
    }

    mutating func look(at shelf: ProviderShelf) {
        let table = shelf.table
        let ofRegion = table.regions.map { region in
            mask { failsRegion($0, region, shelf.profile) }
        }
        let ownNames = table.ownZoneNames(in: request.places)
        let named = request.instanceType.flatMap { table.types.id(of: $0) }
        let ofAccelerator = table.accelerators.map { own in mask { failsAccelerator($0, own) } }
        let withoutAccelerator = mask { constraint in
            guard case .part(let part) = constraint else { return false }
            return [.accelerators, .acceleratorMemory, .acceleratorCount].contains(part)
        }
        let plain = mask { $0 == .plainMachine }
        let ofSet = table.capabilitySets.map { own in mask { failsCapabilities($0, own) } }
        for shape in 0..<table.shapeCount {
            let type = table.shapeType[shape]
            var failed = ofSet[Int(table.shapeCapabilities[shape])]
            if request.instanceType != nil, named != type { failed |= mask { $0 == .part(.instanceType) } }
            let accelerator = table.shapeAccelerator[shape]
            if accelerator < 0 {
                failed |= withoutAccelerator
            } else {
                failed |= ofAccelerator[Int(accelerator)]
                if named != type || table.isSoldBare(type) { failed |= plain }
            }
            failed |= mask { constraint in
                switch constraint {
                case .part(.cpus): request.cpus?.admits(table.shapeCPUs[shape]) == false
                case .part(.memory): request.memory?.admits(table.shapeMemory[shape]) == false
                case .part(.diskTier):
                    !shelf.profile.terms.offersDisk(request.diskTier, on: table.types[type])
                default: false
                }
            }
            for row in table.rows(ofShape: shape) {
                let region = Int(table.region[row])
                weigh(failed | ofRegion[region] | ofRow(row, table.regions[region], shelf, ownNames), row, shelf)
            }
        }
    }

    private func mask(_ fails: (Constraint) -> Bool) -> UInt64 {
        var mask: UInt64 = 0
        for (index, constraint) in constraints.enumerated() where fails(constraint) { mask |= 1 << UInt64(index) }
        return mask
    }

    private func failsRegion(_ constraint: Constraint, _ region: String, _ profile: ProviderProfile) -> Bool {
        switch constraint {
        case .part(.place):
            !request.places.contains {
                ($0.provider ?? profile.name) == profile.name && ($0.region ?? region) == region
            }
        case .part(.area): !profile.isIn(request.areas, region)
        case .part(.capability(let name)): !profile.offers(name, in: region)
        default: false
        }
    }

    private func failsAccelerator(_ constraint: Constraint, _ own: OfferTable.Accelerator) -> Bool {
        switch constraint {
        case .part(.accelerators):
            !request.accelerators.contains { wanted in own.isMeant(by: facts.canonical(wanted)) }
        case .part(.acceleratorMemory):
            !(own.memoryGB.map { request.acceleratorMemory?.admits($0) ?? true } ?? false)
        case .part(.acceleratorCount): request.acceleratorCount?.admits(own.wanted.count) == false
        default: false
        }
    }

    private func failsCapabilities(_ constraint: Constraint, _ own: [String]) -> Bool {
        switch constraint {
        case .part(.capability(let name)): !own.contains(name)
        case .part(.excluded(let name)): own.contains(name)
        case .specialMachine: !RowFilter.isMeant(own, request)
        default: false
        }
    }

    /// What hangs on the row itself: its zones, its prices and how many there are.
    private func ofRow(_ row: Int, _ region: String, _ shelf: ProviderShelf, _ ownNames: Set<String>) -> UInt64 {
        let (table, market) = (shelf.table, request.wantedMarket)
        let isSold = table.price(row, market) != OfferTable.noPrice
        var failed: UInt64 = 0
        for (index, constraint) in constraints.enumerated() {
            let fails: Bool
            switch constraint {
            case .onDemand, .part(.spot): fails = !isSold
            case .believedPrice: fails = isSold && !shelf.isUsable(row, market)
            case .part(.price):
                let price = table.price(row, market, with: shelf.profile.surcharges(for: request))
                fails = isSold && !(price.map { $0 <= request.maxPricePerHour ?? .max } ?? false)
            case .quota: fails = exceedsQuota(row, region, shelf)
            case .part(.nodes):
                fails = table.available[row] >= 0 && Int(table.available[row]) < request.numNodes ?? 1
            case .part(.timeLimit): fails = !(request.neededFor.map { table.lasts(row, $0) } ?? true)
            case .part(.place) where request.places.contains(where: { $0.zone != nil }):
                fails = !request.places.contains { place in
                    guard (place.provider ?? shelf.profile.name) == shelf.profile.name else { return false }
                    guard (place.region ?? region) == region else { return false }
                    guard let zone = place.zone else { return true }
                    return table.zones(row).contains(zone) || ownNames.contains(zone)
                }
            default: fails = false
            }
            if fails { failed |= 1 << UInt64(index) }
        }
        return failed
    }

    private func exceedsQuota(_ row: Int, _ region: String, _ shelf: ProviderShelf) -> Bool {
        let (table, quotas) = (shelf.table, shelf.profile.quotas)
        guard !quotas.isEmpty else { return false }
        let shape = Int(table.shape[row])
        let accelerator = table.shapeAccelerator[shape]
        return quotas.contains { quota in
            (quota.market ?? request.wantedMarket) == request.wantedMarket
                && quota.forbids(
                    max(request.numNodes ?? 1, 1), type: table.types[table.shapeType[shape]], in: region,
                    cpus: table.shapeCPUs[shape],
                    accelerator: accelerator >= 0 ? table.accelerators[Int(accelerator)].wanted : nil)
        }
    }

    private mutating func weigh(_ mask: UInt64, _ row: Int, _ shelf: ProviderShelf) {
        count += 1
        rowsByMask[mask, default: 0] += 1
        let fails = mask.nonzeroBitCount
        guard fails > 0, fails == 1 || fails <= nearest?.fails ?? .max else { return }
        let wanted = request.wantedMarket
        // What is not sold on the market asked for is weighed by the other's price.
        let isSold = shelf.table.price(row, wanted) != OfferTable.noPrice
        let market: Offer.Market = isSold ? wanted : wanted == .spot ? .onDemand : .spot
        let price = shelf.table.price(row, market)
        guard price != OfferTable.noPrice else { return }
        let best = Best(price: price, shelf: shelf, row: row, market: market)
        if fails == 1 {
            let index = mask.trailingZeroBitCount
            if price < bestAlone[index]?.price ?? .max { bestAlone[index] = best }
        }
        if (fails, price) < (nearest?.fails ?? .max, nearest?.best.price ?? .max) { nearest = (fails, mask, best) }
    }

    func verdict() -> OfferElimination {
        var steps: [OfferElimination.Step] = []
        for (index, constraint) in constraints.enumerated() {
            let bit = UInt64(1) << UInt64(index)
            var step = OfferElimination.Step(
                constraint: reason(constraint), phrase: phrase(constraint), fallen: 0, failing: 0,
                unlocked: rowsByMask[bit] ?? 0)
            for (mask, rows) in rowsByMask where mask & bit != 0 {
                step.failing += rows
                if mask & (bit - 1) == 0 { step.fallen += rows }
            }
            step.cheapestUnlocked = bestAlone[index].flatMap { offer($0, without: bit) }
            steps.append(step)
        }
        let remaining = rowsByMask[0] ?? 0
        let miss = remaining == 0 ? nearest : nil
        return OfferElimination(
            considered: count, remaining: remaining, steps: steps,
            nearestMiss: miss.flatMap { offer($0.best, without: $0.mask) },
            nearestMissFails: miss.map { miss in steps.indices.filter { miss.mask & (1 << UInt64($0)) != 0 } } ?? [])
    }

    /// At the price that holds when the constraints of `mask` are dropped.
    private func offer(_ best: Best, without mask: UInt64) -> Offer? {
        var maker = OfferMaker(best.shelf)
        var rest = request
        for (index, constraint) in constraints.enumerated() where mask & (1 << UInt64(index)) != 0 {
            if case .part(let part) = constraint { rest = part.dropped(from: rest) }
        }
        return maker.offer(best.row, best.market, surcharges: best.shelf.profile.surcharges(for: rest))
            ?? maker.offer(best.row, best.market)
    }

    private func reason(_ constraint: Constraint) -> NoOfferReason.Constraint {
        switch constraint {
        case .part(let part): part.constraint
        case .plainMachine: .plainMachine
        case .specialMachine: .specialMachine
        case .onDemand: .onDemand
        case .believedPrice: .believedPrice
        case .quota: .quota
        }
    }

    private func phrase(_ constraint: Constraint) -> String {
        switch constraint {
        case .part(let part): part.words(in: request)
        case .plainMachine: "no accelerators"
        case .specialMachine: "no Arm, burstable, bare-metal or replaced machine"
        case .onDemand: "sold on demand"
        case .believedPrice: "a price that is not flagged"
        case .quota: "within the account's quota"
        }
    }
}

extension OfferTable.Accelerator {
    /// The same, or a build of what is asked for, in exactly that number.
    func isMeant(by wanted: AcceleratorCount) -> Bool {
        wanted.count == self.wanted.count
            && (isSameName(wanted.name, self.wanted.name) || family.map { isSameName(wanted.name, $0) } ?? false)
    }
}

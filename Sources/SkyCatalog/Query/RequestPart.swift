public import SkyCore

/// One constraint of a request that can be looked at by itself, or dropped.
enum RequestPart: Hashable {
    case place, area, instanceType, accelerators, acceleratorMemory, acceleratorCount
    case capability(String), excluded(String), spot, cpus, memory, price, nodes, diskTier, timeLimit

    /// The parts that a request has, the ones that are mostly plain mistakes first.
    static func all(of request: ResourceRequest) -> [RequestPart] {
        var parts: [RequestPart] = []
        if !request.places.isEmpty { parts.append(.place) }
        if !request.areas.isEmpty { parts.append(.area) }
        if request.instanceType != nil { parts.append(.instanceType) }
        if !request.accelerators.isEmpty { parts.append(.accelerators) }
        if request.acceleratorMemory != nil { parts.append(.acceleratorMemory) }
        if request.acceleratorCount != nil { parts.append(.acceleratorCount) }
        parts += request.wantedCapabilities.map { .capability($0) }
        parts += request.excludedCapabilities.map { .excluded($0) }
        if request.wantedMarket == .spot { parts.append(.spot) }
        if request.cpus != nil { parts.append(.cpus) }
        if request.memory != nil { parts.append(.memory) }
        if request.maxPricePerHour != nil { parts.append(.price) }
        if request.numNodes ?? 1 > 1 { parts.append(.nodes) }
        if request.diskTier ?? "best" != "best" { parts.append(.diskTier) }
        if request.neededFor != nil { parts.append(.timeLimit) }
        return parts
    }

    /// A request of this part alone; sizes keep the accelerators, which decide what kind of machine is meant.
    func alone(of request: ResourceRequest) -> ResourceRequest {
        var alone = ResourceRequest()
        switch self {
        case .place: alone.places = request.places
        case .area: alone.areas = request.areas
        case .instanceType: alone.instanceType = request.instanceType
        case .accelerators: alone.accelerators = request.accelerators
        case .acceleratorMemory: alone.acceleratorMemory = request.acceleratorMemory
        case .acceleratorCount: alone.acceleratorCount = request.acceleratorCount
        case .capability(let name): alone.capabilities = [name]
        case .excluded(let name): alone.excludedCapabilities = [name]
        case .spot: alone.useSpot = true
        case .cpus: (alone.cpus, alone.accelerators) = (request.cpus, request.accelerators)
        case .memory: (alone.memory, alone.accelerators) = (request.memory, request.accelerators)
        case .price: (alone.maxPricePerHour, alone.accelerators) = (request.maxPricePerHour, request.accelerators)
        case .nodes: alone.numNodes = request.numNodes
        case .diskTier: alone.diskTier = request.diskTier
        case .timeLimit: (alone.neededFor, alone.accelerators) = (request.neededFor, request.accelerators)
        }
        return alone
    }

    /// The request without this part.
    func dropped(from request: ResourceRequest) -> ResourceRequest {
        var rest = request
        switch self {
        case .place: rest.places = []
        case .area: rest.areas = []
        case .instanceType: rest.instanceType = nil
        case .accelerators: rest.accelerators = []
        case .acceleratorMemory: rest.acceleratorMemory = nil
        case .acceleratorCount: rest.acceleratorCount = nil
        case .capability(let name): rest.capabilities.removeAll { $0 == name }
        case .excluded(let name): rest.excludedCapabilities.removeAll { $0 == name }
        case .spot:
            rest.useSpot = false
            rest.capabilities.removeAll { $0 == RowFilter.spotCapability }
        case .cpus: rest.cpus = nil
        case .memory: rest.memory = nil
        case .price: rest.maxPricePerHour = nil
        case .nodes: rest.numNodes = nil
        case .diskTier: rest.diskTier = nil
        case .timeLimit: rest.neededFor = nil
        }
        return rest
    }

    /// How a message names it.
    func words(in request: ResourceRequest) -> String {
        switch self {
        case .place: "a place in \(request.places.map(\.description).joined(separator: " or "))"
        case .area: "a region in \(request.areas.joined(separator: " or "))"
        case .instanceType: "type \(request.instanceType ?? "")"
        case .accelerators: request.accelerators.map(\.description).joined(separator: " or ")
        case .acceleratorMemory: "accelerators with \(request.acceleratorMemory?.description ?? "") GB each"
        case .acceleratorCount: "\(request.acceleratorCount?.description ?? "") accelerators"
        case .capability(let name): name
        case .excluded(let name): "not \(name)"
        case .spot: "spot"
        case .cpus: "\(request.cpus?.description ?? "") CPUs"
        case .memory: "\(request.memory?.description ?? "") GiB of memory"
        case .price: "at most \(request.maxPricePerHour?.exactDecimal ?? "") dollars per hour"
        case .nodes: "\(request.numNodes ?? 1) machines of one kind"
        case .diskTier: "disks of tier \(request.diskTier ?? "")"
        case .timeLimit: "a time limit of \(request.neededFor?.words ?? "") or more"
        }
    }

    var constraint: NoOfferReason.Constraint {
        switch self {
        case .place: .place
        case .area: .area
        case .instanceType: .instanceType
        case .accelerators: .accelerators
        case .acceleratorMemory: .acceleratorMemory
        case .acceleratorCount: .acceleratorCount
        case .capability(let name): .capability(name)
        case .excluded(let name): .excludedCapability(name)
        case .spot: .spot
        case .cpus: .cpus
        case .memory: .memory
        case .price: .price
        case .nodes: .nodes
        case .diskTier: .diskTier
        case .timeLimit: .timeLimit
        }
    }
}

extension NeededTime {
    /// `3h`, `2h to 9h`: as the machine is.
    fileprivate var words: String {
        let all = (onAccelerators.values + [usual].compactMap(\.self)).sorted()
        guard let least = all.first, let most = all.last else { return "nothing" }
        guard most < .longestNeeded else { return "no end" }
        return least == most ? "\(most)" : "\(least) to \(most)"
    }
}

extension TimeSpan {
    /// Of what has no end, such as a service.
    public static let longestNeeded = TimeSpan(milliseconds: 1 << 50)
}

extension ResourceRequest {
    /// The same request without one constraint; nil for those that cannot be given up by leaving something out.
    public func relaxing(_ constraint: NoOfferReason.Constraint) -> ResourceRequest? {
        if constraint == .onDemand {
            var relaxed = self
            relaxed.useSpot = true
            return relaxed
        }
        return RequestPart.all(of: self).first { $0.constraint == constraint }?.dropped(from: self)
    }
}

import SkyCore

/// One constraint of a request that can be looked at by itself, or dropped.
enum RequestPart: Hashable {
    case place, instanceType, accelerators, capability(String), spot, cpus, memory

    /// The parts that a request has, the ones that are mostly plain mistakes first.
    static func all(of request: ResourceRequest) -> [RequestPart] {
        var parts: [RequestPart] = []
        if !request.places.isEmpty { parts.append(.place) }
        if request.instanceType != nil { parts.append(.instanceType) }
        if !request.accelerators.isEmpty { parts.append(.accelerators) }
        parts += request.capabilities.map { .capability($0) }
        if request.useSpot { parts.append(.spot) }
        if request.cpus != nil { parts.append(.cpus) }
        if request.memory != nil { parts.append(.memory) }
        return parts
    }

    /// A request of this part alone; sizes keep the accelerators, which decide what kind of machine is meant.
    func alone(of request: ResourceRequest) -> ResourceRequest {
        var alone = ResourceRequest()
        switch self {
        case .place: alone.places = request.places
        case .instanceType: alone.instanceType = request.instanceType
        case .accelerators: alone.accelerators = request.accelerators
        case .capability(let name): alone.capabilities = [name]
        case .spot: alone.useSpot = true
        case .cpus: (alone.cpus, alone.accelerators) = (request.cpus, request.accelerators)
        case .memory: (alone.memory, alone.accelerators) = (request.memory, request.accelerators)
        }
        return alone
    }

    /// The request without this part.
    func dropped(from request: ResourceRequest) -> ResourceRequest {
        var rest = request
        switch self {
        case .place: rest.places = []
        case .instanceType: rest.instanceType = nil
        case .accelerators: rest.accelerators = []
        case .capability(let name): rest.capabilities.removeAll { $0 == name }
        case .spot: rest.useSpot = false
        case .cpus: rest.cpus = nil
        case .memory: rest.memory = nil
        }
        return rest
    }

    /// How a message names it.
    func words(in request: ResourceRequest) -> String {
        switch self {
        case .place: "a place in \(request.places.map(\.description).joined(separator: " or "))"
        case .instanceType: "type \(request.instanceType ?? "")"
        case .accelerators: request.accelerators.map(\.description).joined(separator: " or ")
        case .capability(let name): name
        case .spot: "spot"
        case .cpus: "\(request.cpus?.description ?? "") CPUs"
        case .memory: "\(request.memory?.description ?? "") GiB of memory"
        }
    }
}

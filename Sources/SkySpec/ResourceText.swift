import SkyCore

/// The fields of one request.
enum ResourceText {
    static func fields(of request: ResourceRequest) -> [String] {
        var fields: [String] = []
        func add(_ name: String, _ value: String?) { if let value { fields.append("\(name): \(value)") } }
        add("cpus", request.cpus?.description)
        add("memory", request.memory?.description)
        add("accelerators", AcceleratorText.of(request))
        add("capabilities", capabilities(of: request))
        add("instance_type", request.instanceType.map(YAMLText.inline))
        add("use_spot", request.useSpot ? "true" : nil)
        add("disk_size", request.diskSize.map { "\($0)" })
        add("disk_tier", request.diskTier.map(YAMLText.inline))
        add("network_tier", request.networkTier.map(YAMLText.inline))
        add("max_hourly_cost", request.maxPricePerHour.map { "$\($0.exactDecimal)" })
        add("infra", list(request.places.map { YAMLText.inline(Places.shown($0)) }))
        add("regions", request.areas.isEmpty ? nil : areas(request.areas))
        add("ports", list(Ports.shown(request.ports)))
        add("labels", map(request.labels.sorted { $0.key < $1.key }.map { (YAMLText.quoted($0), YAMLText.quoted($1)) }))
        add("image_id", request.imageID.map(YAMLText.inline))
        add("num_nodes", request.numNodes.map { "\($0)" })
        return fields
    }

    static func areas(_ areas: [String]) -> String {
        areas.count == 1 ? YAMLText.inline(areas[0]) : "[\(areas.map(YAMLText.inline).joined(separator: ", "))]"
    }

    private static func capabilities(of request: ResourceRequest) -> String? {
        let excluded = request.excludedCapabilities.map(YAMLText.inline)
        let exclusion = excluded.isEmpty ? [] : ["{not: [\(excluded.joined(separator: ", "))]}"]
        return list(request.capabilities.map(YAMLText.inline) + exclusion)
    }

    private static func list(_ elements: [String]) -> String? {
        elements.isEmpty ? nil : "[\(elements.joined(separator: ", "))]"
    }

    private static func map(_ entries: [(String, String)]) -> String? {
        entries.isEmpty ? nil : "{\(entries.map { "\($0): \($1)" }.joined(separator: ", "))}"
    }
}

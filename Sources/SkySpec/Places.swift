import SkyCore
import SkyYAML

/// Where a stage may run: `infra`, or `cloud`, `region` and `zone`.
enum Places {
    /// `aws`, `aws/us-east-1`, `*/us-east-1`, `k8s/context`; nil after a complaint.
    static func read(_ node: YAMLNode, _ reading: Reading) -> PlaceConstraint? {
        let given = node.scalar ?? ""
        // As SkyPilot does: spaces around and a slash at the end mean nothing.
        let text = given.filter { $0 != " " }.trimmingSlash
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let first = parts.first, !parts.contains("") else {
            reading.error(
                "spec.bad-place", at: node.range, "'\(given)' is no place", expected: "provider/region/zone")
            return nil
        }
        let provider = first == "*" ? nil : provider(first)
        if provider == "kubernetes" || provider == "ssh" {
            // The names of Kubernetes contexts and of SSH pools may contain slashes themselves.
            let context = parts.dropFirst().joined(separator: "/")
            return PlaceConstraint(provider: provider, region: context.isEmpty || context == "*" ? nil : context)
        }
        guard parts.count <= 3 else {
            reading.error(
                "spec.bad-place", at: node.range, "'\(given)' has more than three parts",
                expected: "provider/region/zone")
            return nil
        }
        let (region, zone) = (part(1, of: parts), part(2, of: parts))
        return PlaceConstraint(provider: provider, region: region, zone: zone)
    }

    private static func part(_ index: Int, of parts: [String]) -> String? {
        guard index < parts.count, parts[index] != "*" else { return nil }
        return parts[index]
    }

    static func provider(_ name: String) -> String {
        let lowered = name.lowercased()
        return lowered == "k8s" ? "kubernetes" : lowered
    }

    /// The text that `read` makes `place` of.
    static func shown(_ place: PlaceConstraint) -> String {
        var parts = [place.provider ?? "*"]
        if place.region != nil || place.zone != nil { parts.append(place.region ?? "*") }
        if let zone = place.zone { parts.append(zone) }
        return parts.joined(separator: "/")
    }
}

extension String {
    fileprivate var trimmingSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}

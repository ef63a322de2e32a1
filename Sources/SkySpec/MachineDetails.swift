import SkyCore
import SkyYAML

/// SkyPilot's `local_disk`: `nvme`, `ssd`, `nvme:1000+`, `1000`.
enum LocalDisks {
    static let form = TextForm("nvme or ssd, with a size such as nvme:1000+ if it matters", pattern: "^[^:]+(:[^:]+)?$")

    /// Capabilities of which any one will do: who asks for an SSD is served by NVMe too.
    static func read(_ entry: YAMLNode.Entry, _ reading: Reading) -> [String] {
        let text = Located(entry.value.scalar ?? "", entry.value.range)
        let parts = text.value.lowercased().split(separator: ":", omittingEmptySubsequences: false)
        let isSizeAlone = parts.count == 1 && parts[0].first?.isNumber ?? false
        let mode = isSizeAlone ? "nvme" : String(parts[0])
        let size = isSizeAlone ? parts[0] : parts.dropFirst().first
        let capabilities = ["nvme": ["local-nvme"], "ssd": ["local-nvme", "local-ssd"]][mode]
        guard let capabilities, parts.count <= 2, size.map(isSize) ?? true else {
            reading.error(
                "spec.bad-size", at: text.range, "'\(text.value)' is no disk of a machine", expected: form.phrase)
            return []
        }
        if size != nil {
            reading.warning(
                "spec.ignored-field", at: entry.value.range,
                "the size of 'local_disk' has no effect yet: any such disk will do")
        }
        return capabilities
    }

    private static func isSize(_ text: Substring) -> Bool {
        if case .success = QuantityText.read(text, number: { decimal(String($0)) }) { true } else { false }
    }
}

/// `image_id`: one image, or SkyPilot's mapping from regions to images.
enum Images {
    static func read(_ entry: YAMLNode.Entry, into draft: inout ResourcesDraft, _ reading: Reading) {
        draft.images = []
        draft.request.imageID = entry.value.scalar
        guard entry.value.mapping != nil else { return }
        let images = reading.entries(of: entry.value)
        if let docker = images.first(where: { $0.key == "docker" }), let name = docker.value.scalar {
            draft.request.imageID = name.hasPrefix("docker:") ? name : "docker:\(name)"
            for other in images where other.key != "docker" {
                reading.warning(
                    "spec.ignored-field", at: other.keyRange, "an image beside 'docker' has no effect yet")
            }
        } else {
            draft.images = images.map { (Located($0.key, $0.keyRange), $0.value.scalar ?? "") }
        }
    }

    /// A request for each region that has an image and is admitted by `places`; `places` is empty for anywhere.
    static func requests(
        _ request: ResourceRequest, images: [(region: Located<String>, image: String)], _ reading: Reading
    ) -> [ResourceRequest] {
        guard let first = images.first else { return [request] }
        let places = request.places.isEmpty ? [PlaceConstraint()] : request.places
        let requests = images.compactMap { region, image -> ResourceRequest? in
            let here = places.compactMap { place -> PlaceConstraint? in
                guard place.region ?? region.value == region.value else { return nil }
                return PlaceConstraint(provider: place.provider, region: region.value, zone: place.zone)
            }
            guard !here.isEmpty else { return nil }
            var copy = request
            copy.places = here
            copy.imageID = image
            return copy
        }
        guard requests.isEmpty else { return requests }
        reading.error(
            "spec.conflict", at: first.region.range, "no image for any of the places that are asked for",
            expected: "an image for " + reading.choice(of: places.compactMap(\.region)))
        return []
    }
}

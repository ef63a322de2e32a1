import SkyCore

/// What Google sells in parts: accelerators apart from their hosts, and TPU slices by the name of the slice.
enum GoogleMachines {
    /// The machine types that carry `count` of an accelerator, among `hosts` with their numbers of CPUs.
    static func hosts(of accelerator: String, _ count: Int, among hosts: [String: Double]) -> [String] {
        switch accelerator {
        case "T4", "P4", "V100":
            // Google Cloud documentation, GPU machine types, N1: the most CPUs per number of GPUs.
            let limits: [String: [Int: Double]] = [
                "T4": [1: 48, 2: 48, 4: 96], "P4": [1: 24, 2: 48, 4: 96], "V100": [1: 12, 2: 24, 4: 48, 8: 96],
            ]
            guard let most = limits[accelerator]?[count] else { return [] }
            return hosts.filter { $0.key.hasPrefix("n1-") && $0.value <= most }.keys.sorted()
        case "L4":
            let own = [
                1: ["g2-standard-4", "g2-standard-8", "g2-standard-12", "g2-standard-16", "g2-standard-32"],
                2: ["g2-standard-24"], 4: ["g2-standard-48"], 8: ["g2-standard-96"],
            ]
            return own[count] ?? []
        case "A100": return count == 16 ? ["a2-megagpu-16g"] : ["a2-highgpu-\(count)g"]
        case "A100-80GB": return ["a2-ultragpu-\(count)g"]
        case "H100": return ["a3-highgpu-\(count)g"]
        case "H100-MEGA": return ["a3-megagpu-\(count)g"]
        case "H200": return ["a3-ultragpu-\(count)g"]
        case "B200": return ["a4-highgpu-\(count)g"]
        default: return []
        }
    }

    struct Slice {
        var type: String
        /// `tpu-v5e:8`
        var accelerator: String
        var cpus: Double
        var memoryGiB: Double
    }

    private struct Generation {
        var name: String
        /// v2 to v4 and v5p slices are named by their cores, two to a chip; later ones by their chips.
        var coresPerChip: Int
        /// One host by its number of chips: machine type (nil: a slice has its own name), CPUs, GiB.
        var hosts: [Int: (type: String?, cpus: Double, memory: Double)]
    }

    /// Google Cloud documentation, Cloud TPU system architecture and TPU machine types.
    private static let generations: [String: Generation] = [
        "v2": Generation(name: "tpu-v2", coresPerChip: 2, hosts: [4: (nil, 96, 340)]),
        "v3": Generation(name: "tpu-v3", coresPerChip: 2, hosts: [4: (nil, 96, 340)]),
        "v4": Generation(name: "tpu-v4", coresPerChip: 2, hosts: [4: ("ct4p-hightpu-4t", 240, 407)]),
        "v5litepod": Generation(
            name: "tpu-v5e", coresPerChip: 1,
            hosts: [
                1: ("ct5lp-hightpu-1t", 24, 48), 4: ("ct5lp-hightpu-4t", 112, 192), 8: ("ct5lp-hightpu-8t", 224, 384),
            ]),
        "v5p": Generation(name: "tpu-v5p", coresPerChip: 2, hosts: [4: ("ct5p-hightpu-4t", 208, 448)]),
        "v6e": Generation(
            name: "tpu-v6e", coresPerChip: 1,
            hosts: [
                1: ("ct6e-standard-1t", 44, 176), 4: ("ct6e-standard-4t", 180, 720), 8: ("ct6e-standard-8t", 180, 1440),
            ]),
    ]

    /// Reads `tpu-v5litepod-16`; nil for a slice of a kind that is not known. Slices larger than a host have the CPUs
    /// and memory of all their four-chip hosts together.
    static func slice(_ accelerator: String) -> Slice? {
        guard accelerator.hasPrefix("tpu-") else { return nil }
        let name = accelerator.dropFirst(4)
        guard
            let dash = name.lastIndex(of: "-"), let size = Int(name[name.index(after: dash)...]), size > 0,
            let generation = generations[String(name[..<dash])]
        else { return nil }
        let chips = max(size / generation.coresPerChip, 1)
        let accelerator = "\(generation.name):\(size)"
        if let host = generation.hosts[chips] {
            return Slice(
                type: host.type ?? String(name), accelerator: accelerator, cpus: host.cpus, memoryGiB: host.memory)
        }
        guard let host = generation.hosts[4], chips % 4 == 0 else { return nil }
        let count = Double(chips / 4)
        return Slice(
            type: String(name), accelerator: accelerator, cpus: host.cpus * count, memoryGiB: host.memory * count)
    }
}

/// What labels say of a node's accelerators. Each cloud and each tool has labels of its own.
enum AcceleratorLabels {
    /// What pods ask for.
    static let resources = ["nvidia.com/gpu", "amd.com/gpu", "google.com/tpu"]

    struct Kind: Hashable {
        var name: String
        var factor = 1
        var labels: [KubernetesNodes.Label]
    }

    /// Of `nvidia.com/gpu` and `amd.com/gpu`, the most exact first: SkyPilot's own, Google's, NVIDIA's GPU feature discovery,
    /// CoreWeave's, Amazon's (EKS, Karpenter), AMD's node labeller.
    private static let ofGPUs = [
        "skypilot.co/accelerator", "cloud.google.com/gke-accelerator", "nvidia.com/gpu.product", "gpu.nvidia.com/class",
        "k8s.amazonaws.com/accelerator", "karpenter.k8s.aws/instance-gpu-name", "amd.com/gpu.product-name",
        "beta.amd.com/gpu.product-name",
    ]
    private static let tpuKind = "cloud.google.com/gke-tpu-accelerator"
    private static let tpuTopology = "cloud.google.com/gke-tpu-topology"

    /// - Parameter names: a person's own names, by a label's value, or by the resource.
    /// - Returns: nil where nothing says what they are.
    static func kind(of resource: String, count: Int, _ labels: [String: String], names: [String: String]) -> Kind? {
        if resource == "google.com/tpu" { return tpu(count, labels, names) }
        for key in ofGPUs {
            guard let value = labels[key], !value.isEmpty else { continue }
            guard let name = names[value] ?? name(value) else { continue }
            return Kind(name: name, labels: [.init(key: key, value: value)])
        }
        return names[resource].map { Kind(name: $0, labels: []) }
    }

    /// The catalog's name, as far as the value says it: `NVIDIA-A100-SXM4-80GB` and `nvidia-a100-80gb` are an A100-80GB. Nil of
    /// parts of cards, which are not sold here as whole ones.
    static func name(_ value: String) -> String? {
        let words = value.lowercased().split { "-_ ".contains($0) }.map(String.init)
        guard !words.contains("shared"), !words.contains("mig"), !words.isEmpty else { return nil }
        let noise: Set<String> = ["nvidia", "tesla", "geforce", "quadro", "amd", "instinct", "rtx", "radeon"]
        guard let word = words.first(where: { !noise.contains($0) }) else { return nil }
        let model = word.uppercased()
        switch model {
        case "A100" where words.contains("80gb"), "A100" where words.contains("80g"): return "A100-80GB"
        case "V100" where words.contains("32gb"): return "V100-32GB"
        case "H100" where words.contains("mega"): return "H100-MEGA"
        case "T4G": return "T4g"
        case "PRO" where words.contains("rtx"): return words.last.map { "RTXPRO\($0.uppercased())" }
        default: break
        }
        if words.contains("rtx"), words.contains("ada") { return "\(model.hasPrefix("RTX") ? "" : "RTX")\(model)-Ada" }
        return words.contains("rtx") ? "RTX\(model)" : model
    }

    /// By the value of Google's label: the catalog's name, and how many of the catalog's a chip is.
    private static let tpus = [
        "tpu-v4-podslice": ("tpu-v4", 2), "tpu-v5-lite-podslice": ("tpu-v5e", 1), "tpu-v5-lite-device": ("tpu-v5e", 1),
        "tpu-v5p-slice": ("tpu-v5p", 2), "tpu-v6e-slice": ("tpu-v6e", 1), "tpu-v6e-device": ("tpu-v6e", 1),
    ]

    private static func tpu(_ count: Int, _ labels: [String: String], _ names: [String: String]) -> Kind? {
        guard let value = labels[tpuKind] else { return nil }
        guard let (name, factor) = names[value].map({ ($0, 1) }) ?? tpus[value] else { return nil }
        var found = [KubernetesNodes.Label(key: tpuKind, value: value)]
        if let topology = labels[tpuTopology] {
            // A slice over several hosts is of use only as a whole.
            let chips = topology.split(separator: "x").compactMap { Int($0) }.reduce(1, *)
            guard chips == count else { return nil }
            found.append(.init(key: tpuTopology, value: topology))
        }
        return Kind(name: name, factor: factor, labels: found)
    }
}

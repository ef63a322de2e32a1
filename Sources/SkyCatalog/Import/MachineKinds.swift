import SkyCore

/// Which capabilities of the source are kept, and those that follow from others.
struct MachineKinds {
    static let kept: Set<String> = [
        "arm64", "bare-metal", "burstable", "confidential-gpu", "confidential-nitro-enclaves", "confidential-sev-snp",
        "confidential-sgx", "confidential-tdx", "efa", "fpga", "gpu-amd", "gpu-nvidia", "gpudirect-tcpx", "inferentia",
        "local-hdd", "local-nvme", "local-ssd", "net-100g", "net-200g", "net-400g", "net-1600g", "net-3200g", "nvlink",
        "rdma", "tpu", "trainium",
    ]

    private var names: [String: Set<String>] = [:]

    mutating func add(_ capability: String, cloud: String, type: String) {
        // GCP's surcharge is confirmed for Intel TDX on C3 only (docs/catalog.md).
        if cloud == "gcp" {
            if ["confidential-sev-snp", "confidential-gpu"].contains(capability) { return }
            if capability == "confidential-tdx", !type.hasPrefix("c3-") { return }
        }
        guard Self.kept.contains(capability) else { return }
        names["\(cloud) \(type)", default: []].insert(capability)
    }

    /// Sorted.
    func capabilities(of type: String, at cloud: String, and extra: [String] = []) -> [String] {
        var own = (names["\(cloud) \(type)"] ?? []).union(extra)
        // A machine whose whole memory is encrypted and attestable. SGX protects only programs written as enclaves.
        if own.contains("confidential-sev-snp") || own.contains("confidential-tdx") { own.insert("confidential") }
        if Self.isReplaced(type, at: cloud) { own.insert("previous-generation") }
        return own.sorted()
    }

    /// Series that AWS and Azure have replaced long ago, and partly retired, but still price.
    private static func isReplaced(_ type: String, at cloud: String) -> Bool {
        switch cloud {
        case "aws":
            let family = type.split(separator: ".").first.map(String.init) ?? type
            return [
                "c1", "c3", "cc2", "cr1", "g2", "hi1", "hs1", "i2", "m1", "m2", "m3", "r3", "t1",
            ].contains(family)
        case "azure":
            if type.hasPrefix("Basic_") || type.hasSuffix("_Promo") { return true }
            guard type.hasPrefix("Standard_"), !type.dropFirst(9).contains("_") else { return false }
            // The first version of a series has no `_v`: A0, D4, DS13, F8s, G5, GS3, H16r, L8s, NC6, NV12.
            let series = type.dropFirst(9).prefix { $0.isLetter }
            return ["A", "D", "DS", "F", "G", "GS", "H", "L", "NC", "ND", "NV"].contains(String(series))
        default: return false
        }
    }
}

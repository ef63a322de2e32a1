import SkyCore

/// What Google's machine families differ in, as far as it matters for making one. From "Machine families resource and comparison
/// guide", "About GPU instances", "Hyperdisk" and "Supported configurations" of Confidential VM in Google's documentation.
struct MachineFamily: Hashable, Sendable {
    let name: String

    /// - Parameter type: `n2-standard-4`.
    init(ofType type: String) { name = String(type.prefix { $0 != "-" }) }

    var isArm: Bool { ["t2a", "c4a", "n4a", "a4x"].contains(name) }

    /// GPUs come with the machine, and are not asked for.
    var hasOwnGPUs: Bool { ["a2", "a3", "a4", "a4x", "g2", "g4"].contains(name) }

    /// Boots from Hyperdisk and from nothing else.
    private var needsHyperdisk: Bool {
        ["c4", "c4a", "c4d", "n4", "n4a", "n4d", "a4", "a4x", "x4", "m4", "g4", "h4d"].contains(name)
    }

    enum Confidential: String, Hashable, Sendable {
        case sev = "SEV"
        case sevSNP = "SEV_SNP"
        case tdx = "TDX"
    }

    /// The one that is taken where any will do is the first.
    var confidential: [Confidential] {
        switch name {
        case "n2d": [.sevSNP, .sev]
        case "c2d", "c3d", "c4d": [.sev]
        case "c3", "a3": [.tdx]
        default: []
        }
    }

    /// What has to be told to the machine for these capabilities; nil where none of them needs that.
    ///
    /// - Throws: `badRequest` for what the family cannot.
    func confidential(
        for capabilities: [String], provider: String
    ) throws(ProviderError) -> Confidential? {
        for wanted in capabilities where wanted.hasPrefix("confidential") {
            let found: Confidential? =
                switch wanted {
                case "confidential": confidential.first
                case "confidential-sev-snp": confidential.first { $0 == .sevSNP }
                case "confidential-sev": confidential.first { $0 == .sev }
                case "confidential-tdx": confidential.first { $0 == .tdx }
                default: nil
                }
            guard let found else {
                throw ProviderError(.badRequest, provider: provider, "machines of the family \(name) are not \(wanted)")
            }
            return found
        }
        return nil
    }

    struct Disk: Hashable, Sendable {
        var type: String
        var iops: Int?
    }

    /// The boot disk for a tier of `provider.yaml`.
    func disk(_ tier: String?) -> Disk {
        switch tier {
        case "ultra":
            needsHyperdisk ? Disk(type: "hyperdisk-balanced", iops: 20_000) : Disk(type: "pd-extreme", iops: 20_000)
        case _ where needsHyperdisk: Disk(type: "hyperdisk-balanced")
        case "low": Disk(type: "pd-standard")
        case "high": Disk(type: "pd-ssd")
        default: Disk(type: "pd-balanced")
        }
    }

    /// What GPUs that are attached to machines are called.
    static func acceleratorType(_ name: String) -> String? {
        switch name.uppercased() {
        case "T4", "P4", "P100", "V100", "K80": "nvidia-tesla-\(name.lowercased())"
        default: nil
        }
    }
}

/// The accelerator names that pipelines may use, and the one spelling that catalogs use for each.
public struct AcceleratorNames: Sendable {
    /// By lower-case name, aliases included.
    private let canonical: [String: String]
    /// As catalogs write them, sorted.
    public let all: [String]

    /// `aliases` maps other spellings to names; case never matters.
    public init(_ names: [String], aliases: [String: String] = [:]) {
        var canonical: [String: String] = [:]
        for (alias, name) in aliases { canonical[alias.lowercased()] = name }
        for name in names { canonical[name.lowercased()] = name }
        self.canonical = canonical
        all = names.sorted()
    }

    /// The catalog's spelling of `name`, whatever its case; nil for an unknown name.
    public func canonicalName(of name: String) -> String? { canonical[name.lowercased()] }

    /// The names of the providers that `sky` knows.
    public static let standard = AcceleratorNames(
        nvidia + amd + tpus + ["Inferentia", "Inferentia2", "Trainium", "Trainium2", "Qualcomm AI100"]
            + ["Virtex UltraScale+ (VU47P)"],
        aliases: [
            "tpu-v5litepod": "tpu-v5e", "A100-40GB": "A100", "A100-80": "A100-80GB", "V100-16GB": "V100",
            "RTX6000-Ada": "RTX-6000-Ada", "RTXPRO6000": "RTX-PRO-6000", "Inf2": "Inferentia2", "Trn1": "Trainium",
            "Trn2": "Trainium2",
        ])

    /// TPU generations; the count beside the name is the slice's own number.
    static let tpus = ["tpu-v2", "tpu-v3", "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e"]

    private static let nvidia = [
        "A10", "A100", "A100-80GB", "A100-80GB-SXM", "A10G", "A30", "A40", "A4000", "A5000", "A6000", "A800", "B200",
        "B300", "GB200", "GB300", "GH200", "GTX1080", "H100", "H100-MEGA", "H100-NVL", "H100-SXM", "H200", "H200-SXM",
        "K80", "L4", "L40", "L40S", "M60", "P100", "P4", "RTX PRO 4500", "RTX-6000-Ada", "RTX-PRO-6000", "RTX2080",
        "RTX3060", "RTX3070", "RTX3080", "RTX3090", "RTX4000-Ada", "RTX4080", "RTX4090", "RTX5000-Ada", "RTX5080",
        "RTX5090", "RTX6000", "RTXA4000", "RTXA4500", "RTXA5000", "RTXA6000", "T4", "T4g", "V100", "V100-32GB",
    ]

    private static let amd = ["MI25", "MI210", "MI250", "MI300X", "MI325X", "MI355X", "V620", "V710"]
}

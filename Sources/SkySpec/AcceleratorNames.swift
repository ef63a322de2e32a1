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

    /// These and `more`, such as those of a catalog of one's own.
    public func adding(_ more: some Sequence<String>) -> AcceleratorNames {
        AcceleratorNames(Set(all).union(more).sorted(), aliases: canonical)
    }

    /// The catalog's spelling of `name`, whatever its case; nil for an unknown name.
    public func canonicalName(of name: String) -> String? { canonical[name.lowercased()] }

    /// The names of the providers that `sky` knows.
    public static let standard = AcceleratorNames(
        Maker.allCases.flatMap(\.models),
        aliases: [
            "tpu-v5litepod": "tpu-v5e", "A100-40GB": "A100", "A100-80": "A100-80GB", "V100-16GB": "V100",
            "RTX6000-Ada": "RTX-6000-Ada", "RTXPRO6000": "RTX-PRO-6000", "Inf2": "Inferentia2", "Trn1": "Trainium",
            "Trn2": "Trainium2", "A100-80G-PCIe": "A100-80GB", "A100-80G-PCIe-NVLink": "A100-80GB",
            "H100-80G-PCIe": "H100", "H100-80G-PCIe-NVLink": "H100", "H100-80G-SXM5": "H100-SXM",
            "RTX-A4000": "RTXA4000", "RTX-A6000": "RTXA6000",
        ])

    /// Who makes accelerators, as `NVIDIA:16GB+` names them.
    enum Maker: String, CaseIterable, Sendable {
        case nvidia = "NVIDIA"
        case amd = "AMD"
        case google = "Google"
        case aws = "AWS"
        case qualcomm = "Qualcomm"
        case xilinx = "Xilinx"

        var models: [String] {
            switch self {
            case .nvidia: AcceleratorNames.nvidia
            case .amd: AcceleratorNames.amd
            case .google: AcceleratorNames.tpus
            case .aws: ["Inferentia", "Inferentia2", "Trainium", "Trainium2"]
            case .qualcomm: ["Qualcomm AI100"]
            case .xilinx: ["Virtex UltraScale+ (VU47P)"]
            }
        }
    }

    /// TPU generations; the count beside the name is the slice's own number.
    static let tpus = ["tpu-v2", "tpu-v3", "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e"]

    /// Some of these nobody lends at the moment: a name that exists is no mistake.
    private static let nvidia = [
        "A10", "A100", "A100-80GB", "A100-80GB-SXM", "A10G", "A30", "A40", "A4000", "A5000", "A6000", "A800", "B100",
        "B200", "B300", "GB200", "GB300", "GH200", "GTX1080", "H100", "H100-MEGA", "H100-NVL", "H100-SXM", "H20",
        "H200",
        "H200-SXM", "H800", "K80", "L4", "L40", "L40S", "M60", "P100", "P4", "P40", "RTX PRO 4500", "RTX-6000-Ada",
        "RTX-PRO-6000", "RTX2080", "RTX3060", "RTX3070", "RTX3080", "RTX3090", "RTX4000-Ada", "RTX4080", "RTX4090",
        "RTX5000-Ada", "RTX5080", "RTX5090", "RTX6000", "RTXA4000", "RTXA4500", "RTXA5000", "RTXA6000", "T4", "T4g",
        "V100", "V100-32GB",
    ]

    private static let amd = [
        "MI25", "MI100", "MI210", "MI250", "MI300", "MI300A", "MI300X", "MI325X", "MI350X", "MI355X", "V620", "V710",
    ]
}

/// A TPU as Cloud TPU's API calls it.
struct TPUType: Hashable, Sendable {
    /// `v5litepod-16`
    let acceleratorType: String
    let runtimeVersion: String

    /// From the catalog's name: that of a slice (`v6e-16`), or that of the machine that holds a small one (`ct6e-standard-4t`).
    init?(_ instanceType: String) {
        let parts = instanceType.split(separator: "-").map { String($0) }
        let slice: (generation: String, size: Int)
        if parts.count == 2, let size = Int(parts[1]) {
            slice = (parts[0], size)
        } else if parts.count == 3, parts[2].hasSuffix("t"), let chips = Int(parts[2].dropLast()) {
            // Generations 4 and 5p count cores, two to a chip.
            switch "\(parts[0])-\(parts[1])" {
            case "ct4p-hightpu": slice = ("v4", chips * 2)
            case "ct5lp-hightpu": slice = ("v5litepod", chips)
            case "ct5p-hightpu": slice = ("v5p", chips * 2)
            case "ct6e-standard": slice = ("v6e", chips)
            default: return nil
            }
        } else {
            return nil
        }
        switch slice.generation {
        case "v2", "v3", "v4": runtimeVersion = "tpu-ubuntu2204-base"
        case "v5litepod": runtimeVersion = "v2-alpha-tpuv5-lite"
        case "v5p": runtimeVersion = "v2-alpha-tpuv5"
        case "v6e": runtimeVersion = "v2-alpha-tpuv6e"
        default: return nil
        }
        acceleratorType = "\(slice.generation)-\(slice.size)"
    }
}

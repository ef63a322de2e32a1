import SkyAWS

/// What `DescribeInstanceTypes` says of a machine type that matters for renting one.
struct EC2TypeFacts: Hashable, Sendable {
    enum Accelerator: Hashable, Sendable { case nvidia, neuron, none }

    /// `x86_64` or `arm64`
    var architecture: String
    var accelerator: Accelerator
    var cpus: Int
    /// Network cards that take an interface of the fabric; none where the type has no EFA.
    var fabricCards: [Int]
    var takesPlacementGroup: Bool
    var canEncryptMemory: Bool
    var canHaveEnclaves: Bool

    init?(_ item: XMLElement) {
        let processor = item.first("processorInfo")
        let architectures = Self.texts(processor?.first("supportedArchitectures"))
        guard let architecture = architectures.first(where: { $0 == "x86_64" || $0 == "arm64" }) else { return nil }
        self.architecture = architecture
        let cards = item.first("gpuInfo")?.first("gpus")?.all("item") ?? []
        if cards.contains(where: { $0.text("manufacturer")?.lowercased() == "nvidia" }) {
            accelerator = .nvidia
        } else {
            accelerator = item.first("neuronInfo") == nil ? .none : .neuron
        }
        cpus = item.first("vCpuInfo")?.text("defaultVCpus").flatMap { Int($0) } ?? 0
        let network = item.first("networkInfo")
        fabricCards = network?.text("efaSupported") == "true" ? Self.fabricCards(network) : []
        let strategies = Self.texts(item.first("placementGroupInfo")?.first("supportedStrategies"))
        takesPlacementGroup = strategies.contains("cluster")
        canEncryptMemory = Self.texts(processor?.first("supportedFeatures")).contains("amd-sev-snp")
        canHaveEnclaves = item.text("nitroEnclavesSupport") == "supported"
    }

    private static func texts(_ list: XMLElement?) -> [String] { list?.all("item").map(\.text) ?? [] }

    private static func fabricCards(_ network: XMLElement?) -> [Int] {
        let most = network?.first("efaInfo")?.text("maximumEfaInterfaces").flatMap { Int($0) } ?? 1
        let cards = network?.first("networkCards")?.all("item").compactMap { card -> Int? in
            let types = texts(card.first("interfaceTypes"))
            // Answers of before there were types say nothing of them.
            guard types.isEmpty || types.contains("efa") || types.contains("efa-only") else { return nil }
            return card.text("networkCardIndex").flatMap { Int($0) }
        }
        return Array((cards ?? [0]).sorted().prefix(max(most, 1)))
    }
}

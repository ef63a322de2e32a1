/// The variables by which programs see some of a node's accelerators and not the others.
enum DeviceVariables {
    /// All that there are.
    static let names = [
        "CUDA_VISIBLE_DEVICES", "TPU_VISIBLE_CHIPS", "TPU_VISIBLE_DEVICES", "NEURON_RT_VISIBLE_CORES",
        "HIP_VISIBLE_DEVICES", "HABANA_VISIBLE_MODULES",
    ]

    /// - Parameter indexes: ascending.
    static func of(_ needs: JobNeeds, indexes: [Int]) -> [String: String] {
        guard let accelerator = needs.accelerator?.lowercased(), needs.devicesOnNode > 0 else { return [:] }
        func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: ",") }
        if accelerator.hasPrefix("tpu") {
            // Without them libtpu takes the whole board, in the shape that it has.
            guard indexes.count < needs.devicesOnNode, !indexes.isEmpty else { return [:] }
            return ["TPU_VISIBLE_CHIPS": list(indexes), "TPU_VISIBLE_DEVICES": list(indexes)]
        }
        if let cores = neuronCores(accelerator) {
            guard !indexes.isEmpty else { return [:] }
            return ["NEURON_RT_VISIBLE_CORES": list(indexes.flatMap { chip in (chip * cores)..<((chip + 1) * cores) })]
        }
        if accelerator.hasPrefix("mi"), accelerator.dropFirst(2).first?.isNumber ?? false {
            return ["HIP_VISIBLE_DEVICES": list(indexes)]
        }
        if accelerator.hasPrefix("gaudi") { return indexes.isEmpty ? [:] : ["HABANA_VISIBLE_MODULES": list(indexes)] }
        // Empty hides them all.
        return ["CUDA_VISIBLE_DEVICES": list(indexes)]
    }

    /// Of a node that is itself a part of a machine: those of its devices that have these positions among them.
    ///
    /// - Parameter given: what the node was given, `4,5,6,7`; nil of a whole machine.
    static func part(_ positions: String, of given: String?) -> String {
        guard let given, !positions.isEmpty else { return positions }
        let devices = given.split(separator: ",").map(String.init)
        // Ranges, as some runtimes know them, say nothing of positions.
        let isRange = devices.contains { $0.contains("-") && $0.allSatisfy { $0.isNumber || $0 == "-" } }
        guard !isRange, !devices.isEmpty else { return given }
        return positions.split(separator: ",").compactMap { Int($0) }.filter(devices.indices.contains)
            .map { devices[$0] }.joined(separator: ",")
    }

    /// Of one chip, as the Neuron runtime counts them; nil for other accelerators.
    private static func neuronCores(_ accelerator: String) -> Int? {
        switch accelerator {
        case "inferentia": 4
        case "inferentia2", "trainium": 2
        case "trainium2": 4
        default: nil
        }
    }
}

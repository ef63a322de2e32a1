import SkyCore

/// One entry of `accelerators`.
enum AcceleratorWish: Equatable {
    /// `A100:8`
    case model(AcceleratorCount)
    /// `80GB+:8`, `NVIDIA:16GB+`, `{memory: 80GB+}`
    case memory(AcceleratorMemory)
}

/// Accelerators by what they hold, whatever their model.
struct AcceleratorMemory: Equatable {
    /// GiB of each.
    var memory: Quantity?
    /// Nil: any number.
    var count: Quantity?
    /// Only this maker's.
    var maker: AcceleratorNames.Maker?

    /// Asks `request` for these, and for no others.
    func write(to request: inout ResourceRequest) {
        request.acceleratorMemory = memory
        request.acceleratorCount = count
        request.accelerators = []
        guard let maker else { return }
        // Models are what catalogs know makers by.
        request.accelerators = maker.models.map { AcceleratorCount(name: $0, count: count?.least ?? 1) }
        request.acceleratorCount = nil
    }
}

/// The text of a request's accelerators; nil when it asks for none.
enum AcceleratorText {
    static func of(_ request: ResourceRequest) -> String? {
        if let memory = request.acceleratorMemory, let first = request.accelerators.first {
            let maker = AcceleratorNames.Maker.allCases.first { $0.models == request.accelerators.map(\.name) }
            let parts = [maker?.rawValue, memoryText(memory), trimmed(first.count)].compactMap { $0 }
            return YAMLText.quoted(parts.joined(separator: ":"))
        }
        let byMemory = [
            request.acceleratorMemory.map { "memory: \(memoryText($0))" },
            request.acceleratorCount.map { "count: \($0)" },
        ].compactMap { $0 }
        if !byMemory.isEmpty { return "{\(byMemory.joined(separator: ", "))}" }
        return models(request.accelerators)
    }

    /// `80GB+`, `40GB..80GB`
    private static func memoryText(_ memory: Quantity) -> String {
        guard let most = memory.most else { return "\(trimmed(memory.least))GB+" }
        return memory.isExact ? "\(trimmed(most))GB" : "\(trimmed(memory.least))GB..\(trimmed(most))GB"
    }

    /// A mapping has each name once; one asked for in several counts needs a set. A list would be an order.
    private static func models(_ accelerators: [AcceleratorCount]) -> String? {
        guard !accelerators.isEmpty else { return nil }
        let entries =
            Set(accelerators.map(\.name)).count == accelerators.count
            ? accelerators.map { "\(YAMLText.inline($0.name)): \(trimmed($0.count))" }
            : accelerators.map { YAMLText.quoted($0.description) }
        return "{\(entries.joined(separator: ", "))}"
    }
}

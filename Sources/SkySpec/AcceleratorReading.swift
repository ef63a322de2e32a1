import SkyCore
import SkyYAML

/// The forms of `accelerators`: `A100:8`, `A100`, `{A100: 8, tpu-v5e: 8}`, `{A100:8, T4}`, `[A100:8, T4]`; by memory
/// `80GB+`, `80GB+:8`, `NVIDIA:16GB+:4`, `{memory: 80GB+, count: 8}`.
enum AcceleratorReading {
    static let form = TextForm(
        "an accelerator such as A100:8, or its memory such as 80GB+:8", pattern: "^[^:]+(:[^:]+){0,2}$")

    static let shape = Shape.anyOf([
        .text(form), .list(.text(form)), .map(keys: form, values: .anyOf([.number, .nothing, .plainText])),
        .section("acceleratorMemory"),
    ])

    /// All that are right, each once, in file order; complains about the others. A list is an order of preference.
    static func read(_ entry: YAMLNode.Entry, _ reading: Reading) -> (wishes: [AcceleratorWish], areOrdered: Bool) {
        let node = entry.value
        if node["memory"] != nil || node["count"] != nil {
            var draft = AcceleratorMemory()
            byMemory.read(node, into: &draft, at: entry.keyRange, reading)
            return ([.memory(draft)], false)
        }
        var found: [AcceleratorWish] = []
        for (text, count) in pairs(node, reading) {
            guard let wish = wish(text, count: count, reading), !found.contains(wish) else { continue }
            found.append(wish)
        }
        return (found, node.sequence != nil && found.count > 1)
    }

    static let byMemory = Section<AcceleratorMemory>(
        name: "acceleratorMemory", phrase: "'accelerators'", summary: "Accelerators of any model, by what they hold.",
        fields: [
            Field("memory", .text(Amounts.memory), "GiB that each must hold.", example: "80GB+") {
                entry, draft, reading in
                draft.memory = Amounts.readMemory(entry.value, reading)
            },
            Field("count", .text(Amounts.quantity), "How many of them; any number when left out.", example: "8") {
                entry, draft, reading in
                draft.count = Amounts.readQuantity(entry.value, what: "accelerators", reading)
            },
        ])

    private static func pairs(_ node: YAMLNode, _ reading: Reading) -> [(Located<String>, Located<String>?)] {
        if node.mapping != nil {
            return reading.entries(of: node).map { entry in
                let count = entry.value.isNull ? nil : entry.value.scalar.map { Located($0, entry.value.range) }
                return (Located(entry.key, entry.keyRange), count)
            }
        }
        return reading.elements(of: node).compactMap { element in
            element.scalar.map { (Located($0, element.range), nil) }
        }
    }

    private static func wish(
        _ text: Located<String>, count: Located<String>?, _ reading: Reading
    ) -> AcceleratorWish? {
        let parts = text.value.split(separator: ":", omittingEmptySubsequences: false)
        guard let index = parts.firstIndex(where: isMemory) else {
            return parse(text, count: count, reading).map { .model($0) }
        }
        var given = parts.dropFirst(index + 1).map { Located(String($0), text.range(of: $0)) }
        if let count { given.append(count) }
        guard index <= 1, given.count <= 1 else {
            reading.error(
                "spec.bad-accelerator", at: text.range, "'\(text.value)' has too many parts",
                expected: "maker:memory:count, such as NVIDIA:16GB+:4")
            return nil
        }
        let memory = Amounts.readMemory(
            YAMLNode(content: .scalar(String(parts[index]), isPlain: true), range: text.range(of: parts[index])),
            reading)
        let number = given.first.map { readCount($0, of: parts[index], reading) } ?? 1
        let maker = index == 0 ? nil : readMaker(parts[0], in: text, reading)
        guard let memory, let number, index == 0 || maker != nil else { return nil }
        return .memory(AcceleratorMemory(memory: memory, count: .exactly(number), maker: maker))
    }

    /// `80GB`, `80GB+`, `40..80GB`: no accelerator's name begins with a digit.
    private static func isMemory(_ part: Substring) -> Bool {
        guard part.first?.isNumber ?? false, part.contains(where: \.isLetter) else { return false }
        if case .failure(.unreadable) = QuantityText.read(part, number: Amounts.gibibytes) { return false }
        return true
    }

    private static func readMaker(
        _ name: Substring, in text: Located<String>, _ reading: Reading
    ) -> AcceleratorNames.Maker? {
        let makers = AcceleratorNames.Maker.allCases
        if let maker = makers.first(where: { $0.rawValue.lowercased() == name.lowercased() }) { return maker }
        let names = makers.map(\.rawValue)
        let help = reading.suggestion(for: String(name), among: names)
        reading.error(
            "spec.unknown-accelerator", at: text.range(of: name), "unknown maker of accelerators '\(name)'",
            expected: help == nil ? reading.choice(of: names) : nil, help: help)
        return nil
    }

    /// Reads `A100:8`, or `A100` with a count of its own; nil after a complaint.
    static func parse(_ text: Located<String>, count given: Located<String>? = nil, _ reading: Reading)
        -> AcceleratorCount?
    {
        var name = text.value[...]
        var countText = given
        if let colon = text.value.lastIndex(of: ":") {
            name = text.value[..<colon]
            let after = text.value[text.value.index(after: colon)...]
            if let given {
                reading.error(
                    "spec.bad-accelerator", at: given.range, "'\(text.value)' is followed by a second count",
                    expected: "\(text.value) alone, or '\(name): \(after)'")
                return nil
            }
            countText = Located(String(after), text.range(of: after))
        }
        var count = 1.0
        if let countText {
            guard let number = readCount(countText, of: name, reading) else { return nil }
            count = number
        }
        return accelerator(named: name, of: text, count: count, reading)
    }

    private static func readCount(_ text: Located<String>, of name: Substring, _ reading: Reading) -> Double? {
        guard let number = decimal(text.value) else {
            reading.error(
                "spec.bad-accelerator", at: text.range, "'\(text.value)' is no count of accelerators",
                expected: "a number, as in \(name):1")
            return nil
        }
        if number > 0 { return number }
        reading.error(
            "spec.impossible", at: text.range, "\(trimmed(number)) accelerators cannot be had",
            expected: "a count above 0")
        return nil
    }

    private static func accelerator(
        named name: Substring, of text: Located<String>, count: Double, _ reading: Reading
    ) -> AcceleratorCount? {
        if let known = reading.accelerators.canonicalName(of: String(name)) {
            return AcceleratorCount(name: known, count: count)
        }
        // SkyPilot's names of TPU slices carry the slice's number: tpu-v5litepod-8, tpu-v6e-16.
        if let dash = name.lastIndex(of: "-"), let slice = Int(name[name.index(after: dash)...]), slice > 0,
            let generation = reading.accelerators.canonicalName(of: String(name[..<dash])),
            generation.hasPrefix("tpu-")
        {
            guard count == 1 else {
                reading.error(
                    "spec.bad-accelerator", at: text.range(of: name), "more than one slice '\(name)' per node",
                    expected: "\(generation):\(slice)", help: "for several slices, use num_nodes")
                return nil
            }
            return AcceleratorCount(name: generation, count: Double(slice))
        }
        let suggestion = reading.suggestion(for: String(name), among: reading.accelerators.all)
        reading.error(
            "spec.unknown-accelerator", at: text.range(of: name), "unknown accelerator '\(name)'",
            expected: suggestion == nil ? "a name such as A100, H100, T4, tpu-v5e or Inferentia2" : nil,
            help: suggestion)
        return nil
    }
}

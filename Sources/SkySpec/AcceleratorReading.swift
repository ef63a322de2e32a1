import SkyCore
import SkyYAML

/// The forms of `accelerators`: `A100:8`, `A100`, `{A100: 8, tpu-v5e: 8}`, `{A100:8, T4}`, `[A100:8, T4]`.
enum AcceleratorReading {
    static let form = TextForm("an accelerator such as A100:8", pattern: "^[^:]+(:[0-9.]+)?$")

    /// All that are right, each once, in file order; complains about the others.
    static func read(_ node: YAMLNode, _ reading: Reading) -> [AcceleratorCount] {
        var found: [AcceleratorCount] = []
        for (text, count) in pairs(node, reading) {
            guard let accelerator = parse(text, count: count, reading), !found.contains(accelerator) else { continue }
            found.append(accelerator)
        }
        return found
    }

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
            guard let number = decimal(countText.value) else {
                reading.error(
                    "spec.bad-accelerator", at: countText.range, "'\(countText.value)' is no count of accelerators",
                    expected: "a number, as in \(name):1")
                return nil
            }
            count = number
            guard count > 0 else {
                reading.error(
                    "spec.impossible", at: countText.range, "\(trimmed(count)) accelerators cannot be had",
                    expected: "a count above 0")
                return nil
            }
        }
        return accelerator(named: name, of: text, count: count, reading)
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

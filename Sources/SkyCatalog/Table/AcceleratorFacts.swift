import SkyCore

/// What is known about accelerators by name: `accelerators.csv`.
struct AcceleratorFacts: Sendable {
    struct Fact: Hashable, Sendable {
        var name: String
        /// Other spellings of the same thing.
        var aliases: [String] = []
        /// What it is one build of: `H100` for `H100-SXM`.
        var family: String?
        /// Of one, as its maker states it; 0 when unknown.
        var memoryGB: Double
        var maker: String = ""
        /// Dense 16-bit tera-operations per second of one; nil when unknown. Not part of a catalog's image.
        var teraflops: Double?
        /// Of one at full load; nil when unknown. Not part of a catalog's image.
        var watts: Double?
    }

    private(set) var facts: [Fact]
    private var byName: [String: Int] = [:]

    init(_ facts: [Fact] = []) {
        self.facts = facts
        for (index, fact) in facts.enumerated() {
            for name in [fact.name] + fact.aliases { byName[name.lowercased()] = index }
        }
    }

    /// By name or alias, in any case.
    subscript(name: String) -> Fact? { byName[name.lowercased()].map { facts[$0] } }

    func family(of name: String) -> String? { self[name]?.family }

    /// Of each; a part of one has its part of the memory.
    func memoryGB(of accelerator: AcceleratorCount) -> Double? {
        guard let memory = self[accelerator.name]?.memoryGB, memory > 0 else { return nil }
        return memory * min(accelerator.count, 1)
    }

    /// The catalog's spelling: `A6000:2` is `RTXA6000:2`, `tpu-v5litepod-8:1` and `tpu-v5e-8:1` are `tpu-v5e:8`.
    func canonical(_ accelerator: AcceleratorCount) -> AcceleratorCount {
        if let fact = self[accelerator.name] { return AcceleratorCount(name: fact.name, count: accelerator.count) }
        let name = accelerator.name.lowercased()
        guard
            accelerator.count == 1, name.hasPrefix("tpu-"), let dash = name.lastIndex(of: "-"),
            let size = Double(name[name.index(after: dash)...]), size > 0, let slice = self[String(name[..<dash])]
        else { return accelerator }
        return AcceleratorCount(name: slice.name, count: size)
    }

    func write(to image: inout ImageWriter) {
        image.list(facts) { image, fact in
            image.text(fact.name)
            image.texts(fact.aliases)
            image.optional(fact.family) { $0.text($1) }
            image.number(fact.memoryGB)
            image.text(fact.maker)
        }
    }

    init(_ reader: inout ImageReader) throws(DamagedImage) {
        self.init(
            try reader.list { (reader) throws(DamagedImage) in
                let name = try reader.text()
                let aliases = try reader.texts()
                let family = try reader.optional { (reader) throws(DamagedImage) in try reader.text() }
                return Fact(
                    name: name, aliases: aliases, family: family, memoryGB: try reader.number(),
                    maker: try reader.text())
            })
    }
}

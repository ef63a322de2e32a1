import SkyCore

extension AcceleratorFacts {
    /// Reads an `accelerators.csv`.
    static func read(_ bytes: [UInt8], path: String) -> (facts: AcceleratorFacts, diagnostics: [Diagnostic]) {
        var complaints = CSVComplaints(path: path, bytes: bytes)
        var facts: [Fact] = []
        var table = CSVTable(
            bytes, required: ["name", "memory_gb"], optional: ["aliases", "family", "maker", "source"], &complaints)
        while let row = table.next(&complaints) {
            guard let name = row.text(0), !name.isEmpty else {
                complaints.add("missing-value", at: row.range(0), "name is empty")
                continue
            }
            guard let memory = row.number(1) else {
                complaints.add(
                    "bad-number", at: row.range(1), "'\(row.text(1) ?? "")' is not a size",
                    expected: "GB of memory such as 80")
                continue
            }
            let aliases = (row.text(2) ?? "").split(separator: ";").map(String.init)
            let family = row.text(3).flatMap { $0.isEmpty ? nil : $0 }
            facts.append(
                Fact(name: name, aliases: aliases, family: family, memoryGB: memory.double, maker: row.text(4) ?? ""))
        }
        return (AcceleratorFacts(facts), complaints.all)
    }
}

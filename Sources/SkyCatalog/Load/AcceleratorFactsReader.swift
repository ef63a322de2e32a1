import SkyCore

extension AcceleratorFacts {
    /// Reads an `accelerators.csv`.
    static func read(_ bytes: [UInt8], path: String) -> (facts: AcceleratorFacts, diagnostics: [Diagnostic]) {
        var complaints = CSVComplaints(path: path, bytes: bytes)
        var facts: [Fact] = []
        var seen: Set<String> = []
        let optional = [
            "aliases", "family", "maker", "source", "tflops", "tflops_source", "watts", "watts_source",
        ]
        var table = CSVTable(bytes, required: ["name", "memory_gb"], optional: optional, &complaints)
        while let row = table.next(&complaints) {
            guard let name = row.text(0), !name.isEmpty else {
                complaints.add("missing-value", at: row.range(0), "name is empty")
                continue
            }
            guard seen.insert(name.lowercased()).inserted else {
                complaints.add("duplicate-name", at: row.range(0), "'\(name)' is given twice")
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
            var fact = Fact(
                name: name, aliases: aliases, family: family, memoryGB: memory.double, maker: row.text(4) ?? "")
            fact.teraflops = figure(6, "10¹² operations per second such as 312", of: row, &complaints)
            fact.watts = figure(8, "watts such as 400", of: row, &complaints)
            facts.append(fact)
        }
        return (AcceleratorFacts(facts), complaints.all)
    }

    /// A positive figure that may be left out.
    private static func figure(
        _ column: Int, _ expected: String, of row: CSVTable.Row, _ complaints: inout CSVComplaints
    ) -> Double? {
        guard let text = row.text(column), !text.isEmpty else { return nil }
        if let number = row.number(column), number.billionths > 0 { return number.double }
        complaints.add("bad-number", at: row.range(column), "'\(text)' is no such figure", expected: expected)
        return nil
    }
}

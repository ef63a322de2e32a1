import SkyCore
import SkyYAML

/// One combination of the values of a `matrix`.
struct MatrixCell {
    /// The stage that the file describes.
    let stage: String
    /// In file order.
    let values: [(name: Located<String>, value: String)]

    subscript(name: String) -> String? { values.first { $0.name.value == name }?.value }

    /// Whether both have the same values of all variables that both vary.
    func agrees(with other: MatrixCell) -> Bool {
        values.allSatisfy { own in other[own.name.value].map { $0 == own.value } ?? true }
    }

    /// Whether this says which one of `other`'s combinations is meant.
    func determines(_ other: MatrixCell) -> Bool { other.values.allSatisfy { self[$0.name.value] != nil } }
}

/// Makes the stages of a stage with a `matrix`: one for each combination.
enum MatrixExpansion {
    static let shape = Shape.map(keys: VariableFields.variableName, values: .list(.plainText))
    /// More combinations than this are a slip of the finger.
    private static let limit = 1000

    /// The stages that `stage` stands for: itself when it has no matrix, or one that is complained about.
    static func expand(
        _ stage: YAMLNode.Entry, _ reading: Reading
    ) -> [(entry: YAMLNode.Entry, cell: MatrixCell?)] {
        let alone: [(YAMLNode.Entry, MatrixCell?)] = [(stage, nil)]
        guard let field = stage.value.mapping?.first(where: { $0.key == "matrix" }), !field.value.isNull,
            let variables = variables(of: field, reading)
        else { return alone }
        let cells = combinations(variables).map { MatrixCell(stage: stage.key, values: $0) }
        guard let names = names(of: cells) else {
            reading.error(
                "spec.bad-name", at: stage.keyRange, "'\(stage.key)' is too long a name for a stage with a matrix",
                expected: "at most \(40 - "-\(cells.count)".count) letters")
            return alone
        }
        return zip(cells, names).map { cell, name in
            let value = YAMLNode(content: .mapping(filled(stage.value, with: cell)), range: stage.value.range)
            return (YAMLNode.Entry(key: name, keyRange: stage.keyRange, value: value), cell)
        }
    }

    private typealias Variable = (name: Located<String>, values: [String])

    /// Nil after a complaint.
    private static func variables(of field: YAMLNode.Entry, _ reading: Reading) -> [Variable]? {
        let complaints = reading.complaints.count
        guard shape.admits(field.value, label: "'matrix'", reading), reading.complaints.count == complaints else {
            return nil
        }
        let variables = (field.value.mapping ?? []).map { entry -> Variable in
            VariableFields.checkName(entry.key, at: entry.keyRange, reading)
            let values = reading.elements(of: entry.value)
            var seen: Set<String> = []
            for value in values where !seen.insert(value.scalar ?? "").inserted {
                reading.error("spec.duplicate", at: value.range, "'\(value.scalar ?? "")' is given twice")
            }
            if values.isEmpty {
                reading.error(
                    "spec.impossible", at: entry.keyRange, "'\(entry.key)' has no values", expected: "at least one")
            }
            return (Located(entry.key, entry.keyRange), values.compactMap(\.scalar))
        }
        let count = variables.reduce(1) { min($0 * max($1.values.count, 1), limit + 1) }
        if variables.isEmpty || count > limit {
            reading.error(
                "spec.impossible", at: field.keyRange,
                variables.isEmpty ? "a matrix without variables" : "more than \(limit) combinations",
                expected: "1 to \(limit) combinations")
        }
        return reading.complaints.count == complaints ? variables : nil
    }

    /// The last variable changes fastest.
    private static func combinations(_ variables: [Variable]) -> [[(name: Located<String>, value: String)]] {
        variables.reduce([[]]) { sofar, variable in
            sofar.flatMap { cell in variable.values.map { cell + [(variable.name, $0)] } }
        }
    }

    /// `train-lr-0-1-seed-7`; `train-1`, `train-2`, … where these would be too long or not differ. Nil when there is no
    /// room for these either.
    private static func names(of cells: [MatrixCell]) -> [String]? {
        let spoken = cells.map { cell in
            Names.dashed(([cell.stage] + cell.values.flatMap { [$0.name.value, $0.value] }).joined(separator: "-"))
        }
        if spoken.allSatisfy(Names.isStage), Set(spoken).count == spoken.count { return spoken }
        let counted = cells.indices.map { "\(cells[$0].stage)-\($0 + 1)" }
        return counted.allSatisfy(Names.isStage) ? counted : nil
    }

    /// The stage's fields with the values in place of their variables, without the matrix, which has been read. Commands
    /// are the shell's, which has them in its environment.
    private static func filled(_ stage: YAMLNode, with cell: MatrixCell) -> [YAMLNode.Entry] {
        (stage.mapping ?? []).filter { $0.key != "matrix" }.map { entry in
            ["run", "setup"].contains(entry.key)
                ? entry
                : YAMLNode.Entry(key: entry.key, keyRange: entry.keyRange, value: filled(entry.value, with: cell))
        }
    }

    private static func filled(_ node: YAMLNode, with cell: MatrixCell) -> YAMLNode {
        let content: YAMLNode.Content
        switch node.content {
        case .scalar(let text, let isPlain): content = .scalar(filled(text, with: cell), isPlain: isPlain)
        case .sequence(let elements): content = .sequence(elements.map { filled($0, with: cell) })
        case .mapping(let entries):
            content = .mapping(
                entries.map {
                    YAMLNode.Entry(
                        key: filled($0.key, with: cell), keyRange: $0.keyRange, value: filled($0.value, with: cell))
                })
        }
        return YAMLNode(content: content, range: node.range)
    }

    /// `text` with `$NAME` and `${NAME}` of the cell's variables replaced; everything else as it is, `$$` too.
    private static func filled(_ text: String, with cell: MatrixCell) -> String {
        guard text.contains("$") else { return text }
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            let reference = VariableReference(at: rest)
            if let reference, let value = cell[reference.name] {
                result += value
                rest = rest.dropFirst(reference.length)
            } else {
                let length = rest.hasPrefix("$$") ? 2 : 1
                result += rest.prefix(length)
                rest = rest.dropFirst(length)
            }
        }
        return result + rest
    }
}

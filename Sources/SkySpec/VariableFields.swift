import SkyCore
import SkyYAML

/// `envs` and `secrets`, of a pipeline and of a stage.
enum VariableFields {
    static let variableName = TextForm("a variable name", pattern: "^[A-Za-z_][A-Za-z0-9_]*$")
    static let envsShape = Shape.map(keys: variableName, values: .anyOf([.plainText, .nothing]))
    private static let secretName = TextForm("a variable name", pattern: "^(secrets:)?[A-Za-z_][A-Za-z0-9_]*$")
    static let secretsShape = Shape.anyOf([
        .list(.text(secretName)), .map(keys: secretName, values: .anyOf([.plainText, .nothing])),
    ])
    static let secretsSummary =
        "Environment variables whose values stay out of plans, logs and the journal: names alone, with the values in"
        + " the environment of whoever launches."

    /// SkyPilot marks secrets that its server keeps: `secrets:HF_TOKEN`.
    private static func plainName(_ name: String) -> String {
        name.hasPrefix("secrets:") ? String(name.dropFirst("secrets:".count)) : name
    }

    static func readEnvs(
        _ node: YAMLNode, naming: (String) -> String = { $0 }, _ reading: Reading
    ) -> [VariablesDraft.Variable] {
        reading.entries(of: node).compactMap { entry in
            let name = naming(entry.key)
            guard checkName(name, at: entry.keyRange, reading) else { return nil }
            return VariablesDraft.Variable(
                name: Located(name, entry.keyRange), value: entry.value.isNull ? nil : entry.value.scalar)
        }
    }

    static func readSecrets(_ node: YAMLNode, _ reading: Reading) -> [VariablesDraft.Variable] {
        if node.sequence != nil {
            return reading.elements(of: node).compactMap { element in
                guard let name = element.scalar.map(plainName), checkName(name, at: element.range, reading) else {
                    return nil
                }
                return VariablesDraft.Variable(name: Located(name, element.range), value: nil)
            }
        }
        let secrets = readEnvs(node, naming: plainName, reading)
        for secret in secrets where secret.value?.isEmpty == false {
            reading.warning(
                "spec.secret-in-file", at: secret.name.range,
                "the value of secret '\(secret.name.value)' stands in the file",
                help: "leave it empty here and set \(secret.name.value) in the environment of sky launch")
        }
        return secrets
    }

    @discardableResult
    static func checkName(_ name: String, at range: SourceRange, _ reading: Reading) -> Bool {
        if Names.isVariable(name) { return true }
        reading.error(
            "spec.bad-name", at: range, "'\(name)' cannot be an environment variable",
            expected: "letters, digits and '_', no digit first")
        return false
    }
}

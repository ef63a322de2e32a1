import SkyCore
import SkyYAML

/// The variables of one stage, with the pipeline's below and the launcher's on top.
struct StageVariables {
    var envs: [String: String] = [:]
    var secretNames: [String] = []
    /// Required and not given: already complained about, so what uses them is left alone.
    var missing: Set<String> = []
}

struct VariableResolver {
    let reading: Reading
    let shared: VariablesDraft

    /// - Parameter cell: the values that a stage of a matrix has.
    func resolve(_ own: VariablesDraft, cell: MatrixCell? = nil) -> StageVariables {
        var result = StageVariables()
        for secret in shared.secrets + own.secrets where !result.secretNames.contains(secret.name.value) {
            result.secretNames.append(secret.name.value)
        }
        var effective: [String: VariablesDraft.Variable] = [:]
        for variable in shared.envs + own.envs { effective[variable.name.value] = variable }
        for variable in cell?.values ?? [] { vary(variable, own, &effective) }
        for (name, variable) in effective.sorted(by: { $0.key < $1.key }) {
            if result.secretNames.contains(name) {
                reading.error(
                    "spec.conflict", at: variable.name.range, "'\(name)' is both a variable and a secret",
                    expected: "one of them")
            } else if let value = reading.overrides[name] ?? variable.value {
                result.envs[name] = value
            } else {
                result.missing.insert(name)
                reading.error(
                    "spec.missing-env", at: variable.name.range, "variable '\(name)' has no value",
                    expected: "a value here or at launch", help: "add --env \(name)=VALUE to the command")
            }
        }
        for (name, value) in reading.overrides where !result.secretNames.contains(name) { result.envs[name] = value }
        return result
    }

    /// What a matrix varies has one value for each of its stages, and no other.
    private func vary(
        _ variable: (name: Located<String>, value: String), _ own: VariablesDraft,
        _ effective: inout [String: VariablesDraft.Variable]
    ) {
        let name = variable.name.value
        if own.envs.contains(where: { $0.name.value == name }) || reading.overrides[name] != nil {
            reading.error(
                "spec.conflict", at: variable.name.range,
                "'\(name)' is varied here, and has a value "
                    + (reading.overrides[name] == nil ? "in 'envs'" : "at launch"),
                expected: "one of them")
        }
        effective[name] = VariablesDraft.Variable(name: variable.name, value: variable.value)
    }

    /// The values of secrets that the file or the overrides give; the overrides win.
    func secretValues(stages: [StageDraft]) -> SecretValues {
        var values: [String: String] = [:]
        for secret in shared.secrets + stages.flatMap(\.variables.secrets) {
            let name = secret.name.value
            if let value = reading.overrides[name] ?? secret.value, !value.isEmpty { values[name] = value }
        }
        return SecretValues(values)
    }

    /// Overrides come from a command line, so a wrong one has no place in the file.
    func checkOverrides() {
        for name in reading.overrides.keys.sorted() where !Names.isVariable(name) {
            reading.error(
                "spec.bad-name", at: nil, "'\(name)' cannot be an environment variable",
                expected: "--env NAME=VALUE; a name has letters, digits and '_', no digit first")
        }
    }
}

/// `$NAME` or `${NAME}` in a text.
struct VariableReference {
    /// The name where it stands in the text.
    let word: Substring
    /// Characters of the whole, the dollar sign and brackets among them.
    let length: Int

    var name: String { String(word) }

    /// Nil when `text`, which begins with a dollar sign, does not begin with a variable.
    init?(at text: Substring) {
        let rest = text.dropFirst()
        let isBraced = rest.first == "{"
        word = rest.dropFirst(isBraced ? 1 : 0).prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        guard Names.isVariable(String(word)), !isBraced || rest[word.endIndex...].first == "}" else { return nil }
        length = word.count + (isBraced ? 3 : 1)
    }
}

extension Reading {
    /// `text` with `${NAME}` and `$NAME` replaced by the stage's variables and `$$` by `$`; nil when a variable has no
    /// value, after a complaint here or before.
    func expand(_ text: Located<String>, _ variables: StageVariables) -> String? {
        var result = ""
        var rest = text.value[...]
        var isComplete = true
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            guard let reference = VariableReference(at: rest) else {
                result += "$"
                rest = rest.dropFirst(rest.hasPrefix("$$") ? 2 : 1)
                continue
            }
            rest = rest.dropFirst(reference.length)
            if let value = variables.envs[reference.name] {
                result += value
            } else {
                isComplete = false
                if !variables.missing.contains(reference.name) { complainUnknown(reference.word, in: text, variables) }
            }
        }
        return isComplete ? result + rest : nil
    }

    private func complainUnknown(_ name: Substring, in text: Located<String>, _ variables: StageVariables) {
        let nearest = suggestion(for: String(name), among: variables.envs.keys.sorted())
        error(
            "spec.unknown-variable", at: text.range(of: name), "unknown variable '\(name)'",
            expected: nearest == nil ? "a variable of 'envs', or '$$' for a dollar sign" : nil, help: nearest)
    }
}

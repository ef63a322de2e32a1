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

    func resolve(_ own: VariablesDraft) -> StageVariables {
        var result = StageVariables()
        for secret in shared.secrets + own.secrets where !result.secretNames.contains(secret.name.value) {
            result.secretNames.append(secret.name.value)
        }
        var effective: [String: VariablesDraft.Variable] = [:]
        for variable in shared.envs + own.envs { effective[variable.name.value] = variable }
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

extension Reading {
    /// `text` with `${NAME}` and `$NAME` replaced by the stage's variables and `$$` by `$`; nil when a variable has no
    /// value, after a complaint here or before.
    func expand(_ text: Located<String>, _ variables: StageVariables) -> String? {
        var result = ""
        var rest = text.value[...]
        var isComplete = true
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
                continue
            }
            let isBraced = rest.first == "{"
            let name = rest.dropFirst(isBraced ? 1 : 0).prefix {
                $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")
            }
            let after = rest[name.endIndex...]
            guard Names.isVariable(String(name)), !isBraced || after.first == "}" else {
                result += "$"
                continue
            }
            rest = isBraced ? after.dropFirst() : after
            if let value = variables.envs[String(name)] {
                result += value
            } else {
                isComplete = false
                if !variables.missing.contains(String(name)) { complainUnknown(name, in: text, variables) }
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

import SkyCore

/// How policies are written: `cheapest`, `within-deadline:8h`, `sticky:unless-saving=10%`, `residency:eu,uk then carbon`.
public enum PolicyNotation {
    /// The policies of `first then second then third`, in order.
    public static func parts(of text: some StringProtocol) -> [String] {
        var parts: [[Substring]] = [[]]
        for word in String(text).split(whereSeparator: \.isWhitespace) {
            if word == "then" { parts.append([]) } else { parts[parts.count - 1].append(word) }
        }
        return parts.map { $0.joined(separator: " ") }
    }
}

/// One policy as written: its name, and parameters that nobody has read yet.
struct WrittenPolicy {
    let name: String
    /// The value of the parameter that may stand alone; several are separated by commas.
    private(set) var bare: [String] = []
    private(set) var named: [(name: String, value: String)] = []

    init(_ text: some StringProtocol) {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        name = halves.first.map { $0.lowercased() } ?? ""
        guard halves.count == 2 else { return }
        for item in halves[1].split(separator: ",", omittingEmptySubsequences: false) {
            if let equals = item.firstIndex(of: "=") {
                named.append((String(item[..<equals]), String(item[item.index(after: equals)...])))
            } else {
                bare.append(String(item))
            }
        }
    }
}

/// The parameters that a policy was written with, each under its name.
struct PolicyArguments {
    private let policy: BuiltInPolicy
    private var values: [String: [String]] = [:]

    /// - Throws: for parameters that the policy does not have, that are given twice, or that are missing.
    init(_ written: WrittenPolicy, of policy: BuiltInPolicy) throws(PolicyNotationError) {
        self.policy = policy
        if !written.bare.isEmpty {
            guard let first = policy.parameters.first else {
                throw PolicyNotationError("'\(policy.name)' has no parameters", hints: [policy.notation])
            }
            guard first.isList || written.bare.count == 1 else {
                throw PolicyNotationError(
                    "'\(first.name)' of '\(policy.name)' takes one value, not \(written.bare.count)",
                    hints: [policy.notation])
            }
            values[first.name] = written.bare
        }
        for (name, value) in written.named {
            guard policy.parameters.contains(where: { $0.name == name }) else { throw Self.unknown(name, of: policy) }
            guard values.updateValue([value], forKey: name) == nil else {
                throw PolicyNotationError("'\(name)' of '\(policy.name)' is given twice", hints: [policy.notation])
            }
        }
        for parameter in policy.parameters where parameter.isRequired && values[parameter.name] == nil {
            throw PolicyNotationError(
                "'\(policy.name)' needs \(parameter.summary)", hints: ["such as \(policy.notation)"])
        }
    }

    /// A parameter read by `read`; nil when it is not given.
    func value<Value>(_ name: String, _ read: (String) -> Value?) throws(PolicyNotationError) -> Value? {
        guard let text = values[name]?.first else { return nil }
        guard let value = read(text) else { throw unreadable(name, text) }
        return value
    }

    /// A list of words, in lower case.
    func words(_ name: String) throws(PolicyNotationError) -> [String] {
        let words = (values[name] ?? []).map { $0.lowercased() }
        if words.contains("") { throw unreadable(name, "") }
        return words
    }

    private func unreadable(_ name: String, _ text: String) -> PolicyNotationError {
        let parameter = policy.parameters.first { $0.name == name }
        return PolicyNotationError(
            "'\(text)' is not \(parameter?.summary ?? "a value")",
            hints: ["such as \(policy.name):\(parameter?.example ?? "")"])
    }

    private static func unknown(_ name: String, of policy: BuiltInPolicy) -> PolicyNotationError {
        let known = policy.parameters.map(\.name)
        if known.isEmpty { return PolicyNotationError("'\(policy.name)' has no parameters", hints: [policy.notation]) }
        let nearest = nearestName(to: name, among: known).map { "did you mean '\($0)'?" }
        return PolicyNotationError(
            "'\(policy.name)' has no parameter '\(name)'",
            hints: [nearest ?? "it has \(known.joined(separator: ", "))", "such as \(policy.notation)"])
    }
}

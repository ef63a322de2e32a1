import SkyCore
import SkyPlacement

/// The policies that can be chosen by name, a line or two for each.
struct PoliciesScreen: Sendable {
    let policies: [BuiltInPolicy]

    func lines(width: Int?) -> [StyledText] {
        let width = width ?? 100
        let spellings = policies.map(spelling) + ["exec:./my_policy.py"]
        let column = (spellings.map { displayWidth(of: $0) }.max() ?? 0) + 2
        var lines: [StyledText] = []
        for (policy, spelling) in zip(policies, spellings) {
            lines += row(spelling, policy.summary, column: column, width: width)
        }
        lines += row(
            spellings.last ?? "", "a program of your own, asked in lines of JSON (docs/policies.md)", column: column,
            width: width)
        let hint = "'then' puts one after the other: --policy \"residency:eu then carbon\""
        return lines + [.empty] + wrapped(hint, width: width).map { StyledText($0, .dim) }
    }

    /// `within-deadline:8h`, `carbon[:$100/t]`.
    private func spelling(_ policy: BuiltInPolicy) -> String {
        guard let first = policy.parameters.first else { return policy.name }
        return first.isRequired ? "\(policy.name):\(first.example)" : "\(policy.name)[:\(first.example)]"
    }

    private func row(_ name: String, _ summary: String, column: Int, width: Int) -> [StyledText] {
        wrapped(summary, width: max(width - column, 20)).enumerated().map { index, line in
            let head = index == 0 ? StyledText(name, .cyan) : StyledText.empty
            return "\(head.padded(to: column))\(line)"
        }
    }
}

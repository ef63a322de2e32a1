import SkyCore
import SkyYAML

/// What a pipeline says about its run as a whole.
struct RunRulesDraft {
    var maxParallel: Int?
    var reusesNodes: Bool?
    var onDeviation: DeviationRule?
    var lease: TimeSpan?
    var keepOnFailure: TimeSpan?
}

/// `budget`, `on_deviation`, `lease`, `max_parallel` and `reuse_nodes`.
enum RunRuleFields {
    static let share = TextForm("a share such as 20%", pattern: "^[0-9.]+ *%$")
    private static let noLease = TextForm.oneOf(["off", "none"])
    private static let word = TextForm("'ask' or 'fail', or a share such as 20%", pattern: "^(ask|fail|[0-9.]+ *%)$")

    static func budget<Target>(_ target: any WritableKeyPath<Target, Budget?> & Sendable, _ whose: String) -> Field<
        Target
    > {
        Field(
            "budget", .anyOf([.text(Amounts.money), .section("budget")]),
            "The most that \(whose) may cost, and what happens then; stop when it says nothing.",
            example: "{limit: $50, at_limit: ask}"
        ) { entry, draft, reading in
            if entry.value.mapping == nil {
                draft[keyPath: target] = Amounts.readMoney(entry.value, reading).map { Budget(limit: $0) }
                return
            }
            var read = BudgetDraft()
            budgetSection.read(entry.value, into: &read, at: entry.keyRange, reading)
            draft[keyPath: target] = read.limit.map { Budget(limit: $0, atLimit: read.atLimit) }
        }
    }

    static let budgetSection = Section<BudgetDraft>(
        name: "budget", phrase: "'budget'", summary: "A limit, and what happens at it.",
        fields: [
            Field("limit", .text(Amounts.money), required: true, "The most that it may cost.", example: "$50") {
                entry, draft, reading in
                draft.limit = Amounts.readMoney(entry.value, reading)
            },
            Field(
                "at_limit", .text(.oneOf(Budget.AtLimit.allCases.map(\.rawValue))),
                "stop ends and gives back everything, ask begins nothing new until a person has answered, finish lets"
                    + " end what runs.", example: "stop"
            ) { entry, draft, _ in
                draft.atLimit = entry.value.scalar.flatMap { Budget.AtLimit(rawValue: $0) } ?? .stop
            },
        ])

    /// Those of a pipeline that its only task may give too.
    static func ofRun<Target>(_ target: any WritableKeyPath<Target, RunRulesDraft> & Sendable) -> [Field<Target>] {
        [
            Field(
                "on_deviation", .anyOf([.text(word), .section("deviation")]),
                "What happens when a stage can only be had for more than was planned.", example: "{allow: 20%}"
            ) { entry, draft, reading in
                draft[keyPath: target].onDeviation = readDeviation(entry, reading)
            },
            Field(
                "lease", .anyOf([.text(Amounts.duration), .text(noLease)]),
                "How long what is rented may stand without hearing from its broker before it gives itself back; with"
                    + " 'off' it never does.",
                example: "2h"
            ) { entry, draft, reading in
                let isOff = entry.value.scalar.map(noLease.admits) ?? false
                draft[keyPath: target].lease = isOff ? .zero : Amounts.readDuration(entry.value, reading)
            },
            Field(
                "keep_on_failure", .text(Amounts.duration),
                "How long the nodes of a stage that has failed are kept for you to look at, with sky ssh.",
                example: "30m"
            ) { entry, draft, reading in
                draft[keyPath: target].keepOnFailure = Amounts.readDuration(entry.value, reading)
            },
        ]
    }

    static func maxParallel<Target>(_ target: any WritableKeyPath<Target, RunRulesDraft> & Sendable) -> Field<Target> {
        Field("max_parallel", .wholeNumber, "How many stages may run at the same time.", example: "4") {
            entry, draft, reading in
            draft[keyPath: target].maxParallel = Amounts.readCount(entry.value, what: "stages at once", reading)
        }
    }

    static func reuseNodes<Target>(_ target: any WritableKeyPath<Target, RunRulesDraft> & Sendable) -> Field<Target> {
        Field(
            "reuse_nodes", .boolean,
            "Whether a stage takes over the nodes of one that is done and would rent just the same; true when left out.",
            example: "false"
        ) { entry, draft, _ in
            draft[keyPath: target].reusesNodes = entry.value.boolean
        }
    }

    static let deviation = Section<Located<DeviationRule>?>(
        name: "deviation", phrase: "'on_deviation'", summary: "How much dearer than planned it may be.",
        fields: [
            Field("allow", .text(share), required: true, "By how much.", example: "20%") { entry, draft, reading in
                draft = readShare(entry.value, reading).map { Located($0, entry.value.range) }
            }
        ])

    private static func readDeviation(_ entry: YAMLNode.Entry, _ reading: Reading) -> DeviationRule? {
        if entry.value.mapping != nil {
            var rule: Located<DeviationRule>?
            deviation.read(entry.value, into: &rule, at: entry.keyRange, reading)
            return rule?.value
        }
        switch entry.value.scalar {
        case "ask": return .ask
        case "fail": return .fail
        default: return readShare(entry.value, reading)
        }
    }

    private static func readShare(_ node: YAMLNode, _ reading: Reading) -> DeviationRule? {
        let text = node.scalar ?? ""
        let digits = text.hasSuffix("%") ? text.dropLast().filter { $0 != " " } : ""
        guard let percent = decimal(digits), !digits.hasPrefix("+") else {
            let isWord = text.first?.isLetter ?? false
            let help = decimal(text).map { _ in "did you mean '\(text)%'?" }
            reading.error(
                "spec.bad-quantity", at: node.range, "'\(text)' is no share", expected: (isWord ? word : share).phrase,
                help: help ?? (isWord ? reading.suggestion(for: text, among: ["ask", "fail"]) : nil))
            return nil
        }
        if (0...1000).contains(percent) { return .allow(percent: percent) }
        reading.error("spec.impossible", at: node.range, "'\(text)' is no limit", expected: "0% to 1000%")
        return nil
    }

    static func text(_ budget: Budget) -> String {
        let limit = "$\(budget.limit.exactDecimal)"
        return budget.atLimit == .stop ? limit : "{limit: \(limit), at_limit: \(budget.atLimit.rawValue)}"
    }

    /// The lines of a pipeline's own in a file.
    static func lines(_ pipeline: Pipeline) -> [String] {
        let deviation = pipeline.onDeviation.map { rule in
            switch rule {
            case .allow(let percent): "\(percent)%"
            case .ask: "ask"
            case .fail: "fail"
            }
        }
        return [
            pipeline.budget.map { "budget: \(text($0))" }, deviation.map { "on_deviation: \($0)" },
            pipeline.lease.map { "lease: \($0 > .zero ? $0.exactText : "off")" },
            pipeline.keepOnFailure.map { "keep_on_failure: \($0.exactText)" },
            pipeline.maxParallel.map { "max_parallel: \($0)" },
            pipeline.reusesNodes == false ? "reuse_nodes: false" : nil,
        ].compactMap { $0 }
    }
}

struct BudgetDraft {
    var limit: Money?
    var atLimit = Budget.AtLimit.stop
}

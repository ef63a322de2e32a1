import SkyCore
import SkyYAML

/// `retries` of a stage, and SkyPilot's `job_recovery` of resources, which says the same.
enum RecoveryFields {
    private static let exitCodes = Shape.anyOf([.wholeNumber, .list(.wholeNumber)])
    private static let strategy = TextForm.oneOf(["failover", "eager-next-region"])
    /// Letters of any case, as SkyPilot writes them: `EAGER_NEXT_REGION`.
    private static let skyPilotStrategy = TextForm.oneOf(
        ["failover", "eager_next_region", "none"], ignoringCase: true)
    static let shape = Shape.anyOf([.wholeNumber, .section("retries")])
    static let skyPilotShape = Shape.anyOf([.text(skyPilotStrategy), .section("jobRecovery")])

    static let section = Section<JobRecovery>(
        name: "retries", phrase: "'retries'", summary: "How a stage is begun again.",
        fields: [
            Field("max", .wholeNumber, "How often it is begun again after its command failed.", example: "3") {
                entry, draft, reading in
                draft.maxRestartsOnErrors = Amounts.readCount(entry.value, what: "retries", least: 0, reading) ?? 0
            },
            Field("backoff", .text(Amounts.duration), "How long to wait before.", example: "10s") {
                entry, draft, reading in
                draft.backoff = Amounts.readDuration(entry.value, reading)
            },
            codes("exit_codes"),
            Field("strategy", .text(strategy), "Where to begin again what was interrupted.", example: "failover") {
                entry, draft, _ in
                draft.strategy = entry.value.scalar.flatMap { JobRecovery.Strategy(rawValue: $0) }
            },
        ])

    static let jobRecovery = Section<JobRecovery>(
        name: "jobRecovery", phrase: "'job_recovery'", summary: "SkyPilot: how a stage is begun again; see retries.",
        fields: [
            Field("strategy", .anyOf([.text(skyPilotStrategy), .nothing]), "Where to begin again.") {
                entry, draft, _ in
                draft.strategy = readStrategy(entry.value)
            },
            Field(
                "max_restarts_on_errors", .wholeNumber, "How often it is begun again after its command failed.",
                example: "3"
            ) { entry, draft, reading in
                draft.maxRestartsOnErrors = Amounts.readCount(entry.value, what: "restarts", least: 0, reading) ?? 0
            },
            codes("recover_on_exit_codes"),
        ])

    /// `3` or the section.
    static func read(_ entry: YAMLNode.Entry, _ reading: Reading) -> JobRecovery {
        var recovery = JobRecovery()
        if entry.value.mapping != nil {
            section.read(entry.value, into: &recovery, at: entry.keyRange, reading)
        } else {
            recovery.maxRestartsOnErrors = Amounts.readCount(entry.value, what: "retries", least: 0, reading) ?? 0
        }
        return recovery
    }

    /// A strategy alone, or the section; nil for `none`.
    static func readSkyPilot(_ entry: YAMLNode.Entry, _ reading: Reading) -> JobRecovery? {
        if entry.value.mapping != nil {
            var recovery = JobRecovery()
            jobRecovery.read(entry.value, into: &recovery, at: entry.keyRange, reading)
            return recovery
        }
        return readStrategy(entry.value).map { JobRecovery(strategy: $0) }
    }

    private static func readStrategy(_ node: YAMLNode) -> JobRecovery.Strategy? {
        node.scalar.flatMap { JobRecovery.Strategy(rawValue: $0.lowercased().replacing("_", with: "-")) }
    }

    private static func codes(_ name: String) -> Field<JobRecovery> {
        Field(
            name, exitCodes, "Exit codes after which it is begun again however often that was.", example: "[33, 34]"
        ) { entry, draft, reading in
            for node in reading.elements(of: entry.value) {
                guard let code = node.scalar.flatMap({ Int($0) }) else { continue }
                guard (0...255).contains(code) else {
                    reading.error(
                        "spec.impossible", at: node.range, "no command ends with \(code)", expected: "0 to 255")
                    continue
                }
                if !draft.recoverOnExitCodes.contains(code) { draft.recoverOnExitCodes.append(code) }
            }
        }
    }

    /// The line of `retries` in a file; none when there is nothing to say.
    static func lines(_ recovery: JobRecovery?) -> [String] {
        guard let recovery else { return [] }
        let fields = [
            "max: \(recovery.maxRestartsOnErrors)",
            recovery.backoff.map { "backoff: \($0.exactText)" },
            recovery.recoverOnExitCodes.isEmpty
                ? nil : "exit_codes: [\(recovery.recoverOnExitCodes.map(String.init).joined(separator: ", "))]",
            recovery.strategy.map { "strategy: \($0.rawValue)" },
        ].compactMap { $0 }
        return fields.count == 1
            ? ["retries: \(recovery.maxRestartsOnErrors)"] : ["retries: {\(fields.joined(separator: ", "))}"]
    }
}

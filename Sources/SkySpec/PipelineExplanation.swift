import SkyCore

/// A pipeline written out: what its file means once everything is looked up and filled in.
public enum PipelineExplanation {
    /// Valid Sky YAML. Read with the same folder and the same files there, it gives an equal pipeline again. Values of
    /// secrets are not in it, as they are not in `pipeline`.
    public static func yaml(_ pipeline: Pipeline) -> String {
        var text = "name: \(YAMLText.inline(pipeline.name))\nobjective: \(objective(pipeline.objective))\n"
        if let policy = pipeline.policy { text += "policy: \(YAMLText.inline(policy))\n" }
        for line in RunRuleFields.lines(pipeline) { text += "\(line)\n" }
        text += "stages:\n"
        for (index, stage) in pipeline.stages.enumerated() {
            if index > 0 { text += "\n" }
            text += "  \(YAMLText.inline(stage.name)):\n"
            for line in StageText(stage: stage, directory: pipeline.directory).lines { text += "    \(line)\n" }
        }
        return text
    }

    private static func weights(_ perHour: Money, _ perInterruption: Money) -> String {
        let fields = [("hour", perHour), ("reliability", perInterruption)].filter { $0.1 > .zero }
            .map { "\($0.0): $\($0.1.exactDecimal)" }
        return "{weighted: {\(fields.joined(separator: ", "))}}"
    }

    private static func objective(_ objective: Objective) -> String {
        switch objective {
        case .cost: "cost"
        case .time: "time"
        case .costWithin(let deadline): "{cost: {deadline: \(deadline.exactText)}}"
        case .timeWithin(let budget): "{time: {budget: $\(budget.exactDecimal)}}"
        case .weighted(let perHour, let perInterruption): weights(perHour, perInterruption)
        }
    }
}

/// The fields of one stage, line by line. Indentation is the caller's, but for literal blocks, which say their own.
private struct StageText {
    let stage: Stage
    let directory: String

    var lines: [String] {
        resources + nodes + engine + inputs + outputs + time + variables + code + commands + service + order
    }

    private var nodes: [String] { stage.numNodes == 1 ? [] : ["num_nodes: \(stage.numNodes)"] }

    private var engine: [String] { EngineFields.lines(stage.engine) }

    private var order: [String] {
        stage.after.isEmpty ? [] : ["after: [\(stage.after.map(YAMLText.inline).joined(separator: ", "))]"]
    }

    private var resources: [String] {
        guard stage.alternatives.isEmpty else {
            let alternatives = stage.alternatives.flatMap { request in
                let fields = ResourceText.fields(of: request)
                return fields.isEmpty ? ["    - {}"] : ["    - " + fields[0]] + fields.dropFirst().map { "      " + $0 }
            }
            return ["resources:", stage.alternativesAreOrdered ? "  ordered:" : "  any_of:"] + alternatives
        }
        let fields = ResourceText.fields(of: stage.resources)
        return fields.isEmpty ? [] : ["resources:"] + fields.map { "  " + $0 }
    }

    private var inputs: [String] {
        guard !stage.inputs.isEmpty else { return [] }
        return ["inputs:"]
            + stage.inputs.enumerated().compactMap { index, input in
                if input.entry != nil {
                    return index > 0 && stage.inputs[index - 1].name == input.name ? nil : folder(input.name)
                }
                switch input.source {
                case .path(let path):
                    let size = input.size.map { "  # \($0)" } ?? ""
                    return "  \(input.name): \(pathText(path))\(size)"
                case .uri(let address):
                    let source = YAMLText.inline(Self.dollars(address))
                    guard let size = input.size else { return "  \(input.name): \(source)" }
                    return "  \(input.name): {source: \(source), size: \(size.exactText)}"
                case .output(let stage, let artifact): return "  \(input.name): \(stage).\(artifact)"
                }
            }
    }

    /// An input from several stages.
    private func folder(_ name: String) -> String {
        let sources = stage.inputs.compactMap { input -> String? in
            guard input.name == name, case .output(let stage, let artifact) = input.source else { return nil }
            return "\(stage).\(artifact)"
        }
        return "  \(name): [\(sources.joined(separator: ", "))]"
    }

    private var outputs: [String] {
        guard !stage.outputs.isEmpty else { return [] }
        return ["outputs:"]
            + stage.outputs.map { output in
                let fields = [
                    output.sizeEstimate.map { "size: \(Figures.size.text($0))" },
                    output.areas.isEmpty ? nil : "regions: \(ResourceText.areas(output.areas))",
                ].compactMap { $0 }
                return fields.isEmpty ? "  \(output.name):" : "  \(output.name): {\(fields.joined(separator: ", "))}"
            }
    }

    private var time: [String] {
        var lines = EstimateFields.lines(stage.estimate)
        if let deadline = stage.deadline { lines.append("deadline: \(deadline.exactText)") }
        if let timeout = stage.timeout { lines.append("timeout: \(timeout.exactText)") }
        lines += LimitFields.lines(stage.limits)
        if let budget = stage.budget { lines.append("budget: \(RunRuleFields.text(budget))") }
        if let interruptions = stage.onDemandAfterInterruptions {
            lines.append("spot: \(SpotFields.text(interruptions))")
        }
        return lines + CheckpointFields.lines(stage) + RecoveryFields.lines(stage.jobRecovery)
    }

    private var variables: [String] {
        var lines: [String] = []
        if !stage.envs.isEmpty { lines.append("envs:") }
        for (name, value) in stage.envs.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(YAMLText.inline(name)): \(YAMLText.quoted(value))")
        }
        if !stage.secretNames.isEmpty {
            lines.append("secrets: [\(stage.secretNames.map(YAMLText.inline).joined(separator: ", "))]")
        }
        return lines
    }

    private var code: [String] {
        var lines: [String] = []
        if let workdir = stage.code.workdir { lines.append("workdir: \(pathText(workdir))") }
        if !stage.code.mounts.isEmpty { lines.append("file_mounts:") }
        for mount in stage.code.mounts {
            let target = YAMLText.inline(Self.dollars(mount.target))
            let isAddress = PathText.scheme(of: mount.source) != nil
            let source = isAddress ? YAMLText.inline(Self.dollars(mount.source)) : pathText(mount.source)
            lines.append(
                "  \(target): " + (mount.mode.map { "{source: \(source), mode: \($0.rawValue)}" } ?? source))
        }
        return lines
    }

    private var commands: [String] {
        [("setup", stage.setup), ("run", stage.run)].compactMap { name, script in
            script.map { "\(name):\(YAMLText.value($0, indent: "      "))" }
        }
    }

    private var service: [String] {
        guard let service = stage.service else { return [] }
        var probe = service.readinessPath.map { ["path: \(YAMLText.inline($0))"] } ?? []
        probe.append("initial_delay_seconds: \(service.initialDelay.exactSeconds)")
        return [
            "service:", "  port: \(service.port)", "  readiness_probe: {\(probe.joined(separator: ", "))}",
            "  replicas: \(service.replicas)",
        ]
    }

    private func pathText(_ path: String) -> String {
        YAMLText.inline(Self.dollars(PathText.shown(path, in: directory)))
    }

    /// In paths and addresses `$` begins a variable; `$$` is the sign itself.
    private static func dollars(_ text: String) -> String { text.replacing("$", with: "$$") }
}

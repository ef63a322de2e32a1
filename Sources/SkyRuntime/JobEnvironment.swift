public import SkyCore

/// What a job finds in its environment: who it is, whom it works with, and where its artifacts are. Pure: the same
/// facts give the same variables.
public struct JobEnvironment: Hashable, Sendable {
    public var attempt: AttemptID
    /// 0…`nodeAddresses.count` - 1.
    public var rank: Int
    /// The addresses of all nodes of the group, by rank.
    public var nodeAddresses: [String]
    /// Absolute paths by the input's name.
    public var inputs: [String: String]
    /// Absolute paths by the output's name.
    public var outputs: [String: String]
    public var servicePort: Int?
    /// The accelerators that each node has.
    public var accelerator: AcceleratorCount?
    /// Absolute; what the job saves there outlives its node.
    public var checkpoint: String?
    /// What the pipeline's `envs` say. They never replace the variables above.
    public var userVariables: [String: String]

    public init(
        attempt: AttemptID, rank: Int = 0, nodeAddresses: [String], inputs: [String: String] = [:],
        outputs: [String: String] = [:], servicePort: Int? = nil, accelerator: AcceleratorCount? = nil,
        checkpoint: String? = nil, userVariables: [String: String] = [:]
    ) {
        self.attempt = attempt
        self.rank = rank
        self.nodeAddresses = nodeAddresses
        self.inputs = inputs
        self.outputs = outputs
        self.servicePort = servicePort
        self.accelerator = accelerator
        self.checkpoint = checkpoint
        self.userVariables = userVariables
    }
}

extension JobEnvironment {
    /// All variables, SkyPilot's names among them.
    public var variables: [String: String] {
        var all = userVariables
        all.merge(own) { _, ours in ours }
        all.merge(skyPilotAliases) { _, ours in ours }
        return all
    }

    /// `clean-text` as the end of a variable's name: `CLEAN_TEXT`.
    public static func variableSuffix(_ name: String) -> String {
        String(name.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    private var own: [String: String] {
        var all = [
            "SKY_RUN_ID": attempt.run.text,
            "SKY_STAGE": attempt.stage,
            "SKY_ATTEMPT": String(attempt.number),
            "SKY_NODE_RANK": String(rank),
            "SKY_NUM_NODES": String(nodeAddresses.count),
            "SKY_NODE_IPS": addressLines,
            "SKY_NUM_ACCELERATORS_PER_NODE": acceleratorsPerNode,
        ]
        if let accelerator { all["SKY_ACCELERATOR"] = accelerator.name }
        if let checkpoint { all["SKY_CHECKPOINT_DIR"] = checkpoint }
        if let servicePort { all["SKY_SERVICE_PORT"] = String(servicePort) }
        for (name, path) in inputs { all["SKY_INPUT_\(Self.variableSuffix(name))"] = path }
        for (name, path) in outputs { all["SKY_OUTPUT_\(Self.variableSuffix(name))"] = path }
        return all
    }

    private var skyPilotAliases: [String: String] {
        [
            "SKYPILOT_TASK_ID": attempt.token,
            "SKYPILOT_NODE_RANK": String(rank),
            "SKYPILOT_NODE_IPS": addressLines,
            "SKYPILOT_NUM_NODES": String(nodeAddresses.count),
            "SKYPILOT_NUM_GPUS_PER_NODE": acceleratorsPerNode,
            "SKYPILOT_SETUP_NODE_RANK": String(rank),
            "SKYPILOT_SETUP_NODE_IPS": addressLines,
            "SKYPILOT_SETUP_NUM_GPUS_PER_NODE": acceleratorsPerNode,
        ]
    }

    private var addressLines: String { nodeAddresses.joined(separator: "\n") }
    private var acceleratorsPerNode: String { accelerator.map { trimmed($0.count) } ?? "0" }
}

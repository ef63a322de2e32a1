import SkyCore
import SkySpec
import SkyTestSupport

/// Pipelines with every field, thrown by a seeded die; what they name on disk is in `files`.
enum RandomPipeline {
    static let files = FakeFiles([
        "\(folder)/data/a b.csv": 12, "\(folder)/x$1/c": 5, "/etc/hosts": 77, "\(folder)/run.py": 3,
    ])

    static func make(using random: inout SeededGenerator) -> Pipeline {
        let objectives: [Objective] = [
            .cost, .time, .costWithin(deadline: TimeSpan(milliseconds: 5_400_250)),
            .timeWithin(budget: Money(nanodollars: 1_500_000_001)),
            .weighted(perHour: Money(nanodollars: 20_250_000_001)),
        ]
        var stages: [Stage] = []
        for index in 0..<Int.random(in: 1...4, using: &random) {
            stages.append(stage(index, after: stages, using: &random))
        }
        return Pipeline(
            name: "p", objective: pick(objectives, using: &random),
            policy: pick([nil, "spot-first", "exec:./a policy.py --x"], using: &random), stages: stages,
            budget: pick(budgets, using: &random),
            onDeviation: pick([nil, .ask, .fail, .allow(percent: 20), .allow(percent: 0.05)], using: &random),
            lease: pick([nil, .seconds(7200)], using: &random),
            keepOnFailure: pick([nil, .seconds(1800)], using: &random), maxParallel: pick([nil, 1, 8], using: &random),
            reusesNodes: pick([true, false], using: &random),
            directory: folder)
    }

    private static let budgets: [Budget?] = [
        nil, Budget(limit: Money(nanodollars: 50_000_000_001)), Budget(limit: Money(nanodollars: 1), atLimit: .finish),
    ]

    private static let engines: [StageEngine?] = [
        nil, StageEngine(.ray), StageEngine(.spark, version: "4.0.1"),
        StageEngine(.torchrun, options: EngineOptions(port: 29500, processes: 8)),
        StageEngine(
            .ray, version: "2.60",
            options: EngineOptions(
                cpus: 3, memory: DataSize("8GiB"), objectStore: DataSize("100MB"), packages: ["a", "b[c] == 1.0"],
                python: "/usr/bin/python3", startTimeout: TimeSpan(milliseconds: 90_001))),
        StageEngine(.spark, options: EngineOptions(conf: ["spark.a": "x: \"y\"", "spark.b": "-1"])),
    ]

    private static func stage(_ index: Int, after stages: [Stage], using random: inout SeededGenerator) -> Stage {
        var stage = Stage(name: "s\(index)", run: pick(["echo", "a\nb\n"], using: &random))
        stage.resources = request(using: &random)
        stage.numNodes = Int.random(in: 1...3, using: &random)
        stage.inputs = [
            StageInput(name: "a", source: .path("\(folder)/data/a b.csv"), size: DataSize(bytes: 12)),
            StageInput(name: "b", source: .path("/etc/hosts"), size: DataSize(bytes: 77)),
            StageInput(name: "c", source: .uri("s3://b/k$x"), size: DataSize(bytes: 1_234_567)),
            StageInput(name: "d", source: .uri("https://h/x?y=z"), size: nil),
        ].filter { _ in Bool.random(using: &random) }
        stage.outputs = [
            StageOutput(name: "o", size: DataSize(bytes: 40_000_000_000)), StageOutput(name: "n", areas: ["europe"]),
            StageOutput(name: "m", sizeEstimate: estimate(DataSize.init(bytes:), using: &random)),
        ]
        if let earlier = stages.last {
            if Bool.random(using: &random) { stage.after = [earlier.name] }
            stage.inputs += earlier.outputs.prefix(2).map { output in
                StageInput(
                    name: "f", source: .output(stage: earlier.name, artifact: output.name),
                    entry: "\(earlier.name).\(output.name)", size: output.size)
            }
            stage.inputs.append(
                StageInput(name: "e", source: .output(stage: earlier.name, artifact: "o"), size: DataSize("40GB")))
        }
        if Bool.random(using: &random) {
            stage.estimate.general = estimate(TimeSpan.init(milliseconds:), using: &random)
        }
        stage.estimate.perAccelerator = stage.resources.accelerators.map {
            .init(accelerator: $0, duration: estimate(TimeSpan.init(milliseconds:), using: &random))
        }
        stage.deadline = pick([nil, TimeSpan(milliseconds: 86_400_001)], using: &random)
        stage.limits = pick(
            [
                nil, StageLimits(memory: DataSize("8GB")),
                StageLimits(memory: DataSize("64MiB"), files: 65536, log: DataSize("1MB")),
            ],
            using: &random)
        if Bool.random(using: &random) {
            stage.checkpointInterval = pick([nil, .seconds(600)], using: &random)
            stage.checkpointPath = pick([nil, "/a b", "~/ckpt", "ckpt", "10m"], using: &random)
        }
        let runsInContainer = stage.acceptableResources.contains { $0.imageID != nil }
        stage.engine = pick(engines.filter { !runsInContainer || $0?.name.isCluster != true }, using: &random)
        stage.budget = pick(budgets, using: &random)
        if stage.resources.useSpot { stage.onDemandAfterInterruptions = pick([nil, 1, 3], using: &random) }
        stage.jobRecovery = pick(
            [
                nil, JobRecovery(), JobRecovery(maxRestartsOnErrors: 3),
                JobRecovery(
                    strategy: .eagerNextRegion, maxRestartsOnErrors: 0, recoverOnExitCodes: [0, 255],
                    backoff: .seconds(90)),
            ], using: &random)
        if Bool.random(using: &random) {
            stage.timeout = pick([nil, TimeSpan(milliseconds: 90_001)], using: &random)
        } else {
            stage.service = ServiceSpec(
                port: 8080, readinessPath: pick([nil, "/h"], using: &random),
                initialDelay: TimeSpan(milliseconds: 1050), replicas: 2)
        }
        stage.code.workdir = pick([nil, folder, "\(folder)/data"], using: &random)
        stage.code.mounts = [
            .init(target: "~/x$y", source: "\(folder)/x$1"), .init(target: "/d", source: "gs://b"),
            .init(target: "run.py", source: "\(folder)/run.py"),
            .init(target: "m", source: "s3://b/$c", mode: pick([.mount, .cached], using: &random)),
        ].filter { _ in Bool.random(using: &random) }
        return stage
    }

    private static func request(using random: inout SeededGenerator) -> ResourceRequest {
        var request = ResourceRequest()
        request.cpus = pick(
            [nil, .atLeast(8), .exactly(0.5), Quantity(least: 16, most: 64), Quantity(least: 0, most: 8)],
            using: &random)
        request.memory = pick(
            [nil, .atLeast(1.0 / 1024 / 1024), Quantity(least: 1.0 / 1024 / 1024, most: 0.3)], using: &random)
        request.accelerators = pick(
            [
                [], [AcceleratorCount(name: "RTX PRO 4500", count: 2), AcceleratorCount(name: "tpu-v5e", count: 8)],
                [AcceleratorCount(name: "RTX PRO 4500", count: 1), AcceleratorCount(name: "RTX PRO 4500", count: 2)],
                [AcceleratorCount(name: "A10", count: 0.167)],
            ], using: &random)
        if request.accelerators.isEmpty {
            request.acceleratorMemory = pick(
                [nil, .atLeast(80), .exactly(79.5), Quantity(least: 40, most: 80)], using: &random)
            request.acceleratorCount = pick([nil, .exactly(8), .atLeast(2)], using: &random)
        }
        request.capabilities = pick([[], ["confidential", "no"]], using: &random)
        request.excludedCapabilities = pick([[], ["arm64"], ["arm64", "yes"]], using: &random)
        // Where the outputs of all stages may be too.
        request.areas = pick([[], ["europe"], ["fr", "no", "us"]], using: &random)
        request.diskTier = pick([nil, "best"], using: &random)
        request.networkTier = pick([nil, "standard"], using: &random)
        request.maxPricePerHour = pick([nil, Money(nanodollars: 1_250_000_001)], using: &random)
        request.instanceType = pick([nil, "Standard_D8", "16x"], using: &random)
        request.useSpot = Bool.random(using: &random)
        request.diskSize = pick([nil, 100], using: &random)
        request.ports = pick([[], [1, 2, 3, 9000]], using: &random)
        request.places = pick(
            [
                [], [PlaceConstraint(zone: "z")],
                [
                    PlaceConstraint(provider: "aws", region: "r"),
                    PlaceConstraint(provider: "kubernetes", region: "a/b"),
                ],
            ], using: &random)
        request.labels = pick([[:], ["a": "1", "b: c": "no"]], using: &random)
        request.imageID = pick([nil, "docker:a/b:c"], using: &random)
        return request
    }

    private static func estimate<Value>(
        _ make: (Int64) -> Value, using random: inout SeededGenerator
    ) -> Estimate<Value> {
        let low = Int64.random(in: 1...9_000_000, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return Estimate(make(low))
        case 1: return Estimate(low: make(low), expected: make(low + 500), high: make(low + 1001))
        default: return Estimate(low: make(low), expected: make(low + 7), high: make(low + 1000))
        }
    }

    private static func pick<Value>(_ values: [Value], using random: inout SeededGenerator) -> Value {
        values[Int.random(in: 0..<values.count, using: &random)]
    }
}

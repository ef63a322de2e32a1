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
            name: "p", objective: pick(objectives, using: &random), stages: stages, directory: folder)
    }

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
        stage.outputs = [StageOutput(name: "o", size: DataSize(bytes: 40_000_000_000)), StageOutput(name: "n")]
        if let earlier = stages.last {
            if Bool.random(using: &random) { stage.after = [earlier.name] }
            stage.inputs.append(
                StageInput(name: "e", source: .output(stage: earlier.name, artifact: "o"), size: DataSize("40GB")))
        }
        if Bool.random(using: &random) { stage.estimate.general = Estimate(TimeSpan(milliseconds: 3_661_001)) }
        if Bool.random(using: &random) {
            stage.service = ServiceSpec(
                port: 8080, readinessPath: pick([nil, "/h"], using: &random),
                initialDelay: TimeSpan(milliseconds: 1050), replicas: 2)
        }
        stage.code.workdir = pick([nil, folder, "\(folder)/data"], using: &random)
        stage.code.mounts = [
            .init(target: "~/x$y", source: "\(folder)/x$1"), .init(target: "/d", source: "gs://b"),
            .init(target: "run.py", source: "\(folder)/run.py"),
        ].filter { _ in Bool.random(using: &random) }
        return stage
    }

    private static func request(using random: inout SeededGenerator) -> ResourceRequest {
        var request = ResourceRequest()
        request.cpus = pick(
            [nil, .atLeast(8), .exactly(0.5)], using: &random)
        request.memory = pick([nil, .atLeast(1.0 / 1024 / 1024)], using: &random)
        request.accelerators = pick(
            [
                [], [AcceleratorCount(name: "RTX PRO 4500", count: 2), AcceleratorCount(name: "tpu-v5e", count: 8)],
                [AcceleratorCount(name: "RTX PRO 4500", count: 1), AcceleratorCount(name: "RTX PRO 4500", count: 2)],
                [AcceleratorCount(name: "A10", count: 0.167)],
            ], using: &random)
        request.capabilities = pick([[], ["confidential", "no"]], using: &random)
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

    private static func pick<Value>(_ values: [Value], using random: inout SeededGenerator) -> Value {
        values[Int.random(in: 0..<values.count, using: &random)]
    }
}

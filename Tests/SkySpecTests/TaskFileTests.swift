import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@Suite("SkyPilot task files")
struct TaskFileTests {
    static let tasks = [
        "minimal", "finetune", "torchrun", "service", "chain", "any-of", "tpu", "parallel", "job-group", "cluster",
        "repository",
    ]

    static let files = FakeFiles([
        "\(folder)/configs/8b.yaml": 100, "\(folder)/requirements.txt": 10, "\(folder)/train.py": 2000,
        "\(folder)/notes.txt": 5, "\(folder)/prompts/base.txt": 7,
    ])

    private func read(_ name: String) throws -> ReadPipeline {
        try SkySpecTests.read(
            try fixture("tasks/\(name).yaml"), path: "\(name).yaml", overrides: ["SEED": "1"], files: Self.files)
    }

    @Test("each reads as a pipeline, with a warning for each field that does nothing", arguments: tasks)
    func golden(name: String) throws {
        let result = try read(name)
        let warnings = DiagnosticRenderer(sources: [result.source]).render(result.warnings)
        try expectGolden(PipelineExplanation.yaml(result.pipeline) + "\n" + warnings, "task-\(name).txt")
    }

    @Test("a file without stages is a pipeline of one stage, named after the task")
    func single() throws {
        let pipeline = try read("finetune").pipeline
        #expect(pipeline.name == "finetune-llama-3")
        #expect(pipeline.stages.map(\.name) == ["finetune-llama-3"])
        #expect(try read("minimal").pipeline.stages.map(\.name) == ["minimal"])
    }

    @Test("each task of a chain waits for the one before it, by its data or by order alone")
    func chain() throws {
        let pipeline = try read("chain").pipeline
        #expect(pipeline.name == "nightly")
        #expect(pipeline.stages.map(\.name) == ["prepare-data", "stage-2", "prepare-data-2", "report"])
        #expect(
            pipeline.stages.map(\.dependencies) == [
                [], ["prepare-data"], ["prepare-data", "stage-2"], ["prepare-data", "prepare-data-2"],
            ])
        #expect(try read("parallel").pipeline.stages.allSatisfy { $0.dependencies.isEmpty })
    }

    @Test("alternatives that one request can say become that request, the others stay apart")
    func alternatives() throws {
        let apart = try #require(try read("any-of").pipeline.stages.first)
        #expect(apart.alternatives.map { $0.places.count } == [2, 1, 1])
        #expect(
            apart.alternatives.map { $0.accelerators.map(\.description) } == [
                ["H100:8"], ["tpu-v5p:16"], ["tpu-v5p:16"],
            ])
        #expect(apart.alternatives.map(\.useSpot) == [false, false, true])
        #expect(apart.resources.accelerators.count == 2 && apart.resources.cpus?.least == 4)
        let text = """
            run: x
            resources:
              any_of:
                - {infra: aws, accelerators: A100}
                - {infra: aws, accelerators: H100}
                - {infra: gcp, accelerators: A100}
                - {infra: gcp, accelerators: H100}
            """
        let together = try stage(text)
        #expect(together.alternatives.isEmpty)
        #expect(together.resources.places.count == 2 && together.resources.accelerators.count == 2)
    }

    @Test("what is not in a task's folder is looked for where the command is typed, a pipeline's is not")
    func workingDirectory() throws {
        let files = FakeFiles(["/repo/examples/app/run.py": 1, "\(folder)/local/run.py": 1, "/repo/local/run.py": 1])
        func code(_ text: String) throws -> StageCode? {
            try SpecReader.read(
                source: SourceFile(path: "t.yaml", text: text), directory: folder, workingDirectory: "/repo",
                files: files
            ).pipeline.stages.first?.code
        }
        #expect(try code("run: x\nworkdir: examples/app\n")?.workdir == "/repo/examples/app")
        #expect(try code("run: x\nworkdir: local\n")?.workdir == "\(folder)/local")
        #expect(try code("run: x\nfile_mounts: {/a: ./examples}\n")?.mounts.map(\.source) == ["/repo/examples"])
        #expect(throws: DiagnosticsError.self) { try code("stages: {a: {run: x, workdir: examples/app}}") }
    }

    @Test("secrets are known by name only; their values stay beside the pipeline and are never shown")
    func secrets() throws {
        let text = "run: x\nsecrets: {A: hunter2, B: , C: }\n"
        let result = try SkySpecTests.read(text, overrides: ["B": "swordfish"])
        #expect(result.pipeline.stages.first?.secretNames == ["A", "B", "C"])
        #expect(result.pipeline.stages.first?.envs == [:])
        #expect(result.warnings.map(\.code) == ["spec.secret-in-file"])
        let shown = "\(result.secrets) \(String(reflecting: result.secrets)) \(result.pipeline)"
        #expect(!shown.contains("hunter2") && !shown.contains("swordfish"))
        let resolved = result.secrets.resolve(["A", "B", "C", "D"], environment: ["C": "env", "A": "env"])
        #expect(resolved.found == ["A": "hunter2", "B": "swordfish", "C": "env"])
        #expect(resolved.missing == ["D"])
    }
}

import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@Suite("Stages of a matrix")
struct MatrixTests {
    private func pipeline(_ text: String) throws -> Pipeline { try read(text).pipeline }

    @Test("a matrix is a stage for each combination, the last variable changing fastest")
    func combinations() throws {
        let stages = try pipeline("stages: {train: {matrix: {LR: [0.1, 0.01], SEED: [1, 2]}, run: x $LR}}").stages
        #expect(
            stages.map(\.name) == [
                "train-lr-0-1-seed-1", "train-lr-0-1-seed-2", "train-lr-0-01-seed-1", "train-lr-0-01-seed-2",
            ])
        #expect(stages.map { $0.envs["LR"] } == ["0.1", "0.1", "0.01", "0.01"])
        #expect(stages.allSatisfy { $0.run == "x $LR" })
    }

    @Test(
        "names that would be too long or alike are numbers",
        arguments: ["{TEXT: [a/b, a b]}", "{TEXT: [a, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]}"])
    func numbers(matrix: String) throws {
        #expect(try pipeline("stages: {t: {matrix: \(matrix), run: x}}").stages.map(\.name) == ["t-1", "t-2"])
    }

    @Test("its variables stand for their values in every field but the commands")
    func variables() throws {
        let text = """
            stages:
              train:
                matrix: {GPU: [A100, T4], N: [2]}
                envs: {ARGS: "--gpu $GPU --cost $$GPU $OTHER"}
                resources: {accelerators: "${GPU}:${N}", labels: {kind: $GPU}}
                estimate: ${N}h
                outputs: {model: {size: "${N}GB"}}
                setup: echo ${GPU}
                run: x
            """
        let stages = try pipeline(text).stages
        #expect(stages.map { $0.resources.accelerators.map(\.description) } == [["A100:2"], ["T4:2"]])
        #expect(stages[1].envs == ["ARGS": "--gpu T4 --cost $$GPU $OTHER", "GPU": "T4", "N": "2"])
        #expect(stages[1].resources.labels == ["kind": "T4"] && stages[1].setup == "echo ${GPU}")
        #expect(stages[1].estimate.general?.expected == TimeSpan("2h"))
        #expect(stages[1].outputs[0].size == DataSize("2GB"))
    }

    @Test("a reader of a matrix gets a folder with something from each of its stages")
    func fanIn() throws {
        let text = """
            stages:
              train: {matrix: {LR: [1, 2]}, outputs: {model: 2GB}, run: x}
              pick: {inputs: {models: train.model}, after: [train], run: y}
            """
        let pick = try #require(try pipeline(text).stage(named: "pick"))
        #expect(pick.inputs.map(\.name) == ["models", "models"])
        #expect(pick.inputs.map(\.entry) == ["train-lr-1", "train-lr-2"])
        #expect(
            pick.inputs.map(\.source) == [
                .output(stage: "train-lr-1", artifact: "model"), .output(stage: "train-lr-2", artifact: "model"),
            ])
        #expect(pick.inputs.allSatisfy { $0.size == DataSize("2GB") })
        #expect(pick.after == ["train-lr-1", "train-lr-2"] && pick.dependencies == pick.after)
    }

    @Test("readers with variables of the same name read from the stages with the same values")
    func joined() throws {
        let text = """
            stages:
              train: {matrix: {LR: [1, 2], SEED: [7, 8]}, outputs: [model], run: x}
              score: {matrix: {SEED: [7, 8], LR: [1, 2]}, inputs: {model: train.model}, outputs: [score], run: y}
              best: {matrix: {LR: [1, 2]}, inputs: {scores: score.score}, after: [train], run: z}
            """
        let pipeline = try pipeline(text)
        let score = try #require(pipeline.stage(named: "score-seed-8-lr-1"))
        #expect(
            score.inputs == [
                StageInput(name: "model", source: .output(stage: "train-lr-1-seed-8", artifact: "model"))
            ])
        let best = try #require(pipeline.stage(named: "best-lr-2"))
        #expect(best.inputs.map(\.entry) == ["score-seed-7-lr-2", "score-seed-8-lr-2"])
        #expect(best.after == ["train-lr-2-seed-7", "train-lr-2-seed-8"])
    }

    @Test("an input may list several stages' outputs, with or without a matrix")
    func lists() throws {
        let text = """
            stages:
              a: {outputs: [x, y], run: a}
              b: {outputs: [x], run: b}
              c: {inputs: {all: [a.x, b.x], both: [a.x, a.y], one: [b.x]}, run: c}
            """
        let inputs = try #require(try pipeline(text).stage(named: "c")).inputs
        #expect(inputs.map(\.name) == ["all", "all", "both", "both", "one"])
        #expect(inputs.map(\.entry) == ["a", "b", "a.x", "a.y", "b"])
    }

    @Test("what is expanded reads back as the same pipeline")
    func explained() throws {
        let text = """
            stages:
              train:
                matrix: {LR: [1, 2], NOTE: ["it's $5", "b: c"]}
                outputs: {model: 2GB}
                run: x
              pick: {inputs: {models: train.model, one: [train-lr-1-note-b-c.model]}, run: y}
            """
        let pipeline = try pipeline(text)
        #expect(try read(PipelineExplanation.yaml(pipeline)).pipeline == pipeline)
    }

    @Test(
        "what cannot be a matrix is said",
        arguments: [
            ("a: {matrix: {LR: []}, run: x}", "spec.impossible"), ("a: {matrix: {}, run: x}", "spec.impossible"),
            ("a: {matrix: {LR: 1}, run: x}", "spec.wrong-type"), ("a: {matrix: [1], run: x}", "spec.wrong-type"),
            ("a: {matrix: {1R: [1]}, run: x}", "spec.bad-name"), ("a: {matrix: {L: [1, 1]}, run: x}", "spec.duplicate"),
            ("a: {matrix: {L: [1]}, envs: {L: 2}, run: x}", "spec.conflict"),
            ("a: {matrix: {L: [1]}, run: x}, a-l-1: {run: y}", "spec.duplicate"),
            (
                "a: {matrix: {L: [1]}, outputs: [o], run: x}, b: {matrix: {L: [2]}, inputs: {i: a.o}, run: y}",
                "spec.unknown-stage"
            ),
            ("a: {matrix: {L: [1, 2]}, run: x}, b: {inputs: {i: a.o}, run: y}", "spec.unknown-output"),
            ("a: {matrix: {L: [1, 2]}, after: [b], run: x}, b: {after: [a], run: y}", "spec.cycle"),
            ("a: {outputs: [o], run: x}, b: {inputs: {i: [a.o, a.o]}, run: y}", "spec.duplicate"),
            ("a: {outputs: [o], run: x}, b: {inputs: {i: [a.o, 's3://b']}, run: y}", "spec.bad-input"),
        ])
    func mistakes(stages: String, code: String) {
        #expect(Set(complaints(about: "stages: {\(stages)}").map(\.code)) == [code])
    }

    @Test("a matrix of more than a thousand stages is a slip of the finger")
    func tooMany() {
        let values = "[\((1...32).map(String.init).joined(separator: ", "))]"
        let text = "stages: {a: {matrix: {A: \(values), B: \(values)}, run: x}}"
        #expect(complaints(about: text).map(\.code) == ["spec.impossible"])
    }

    @Test("a value at launch does not replace what is varied")
    func overrides() {
        let found = complaints(about: "stages: {a: {matrix: {LR: [1]}, run: x}}", overrides: ["LR": "2"])
        #expect(found.map(\.code) == ["spec.conflict"])
    }
}

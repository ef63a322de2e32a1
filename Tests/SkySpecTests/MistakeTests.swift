import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@Suite("Mistakes in pipeline files")
struct MistakeTests {
    static let mistakes = [
        "unknown-field", "misspelt-stage", "cycle", "wrong-type", "unknown-accelerator", "missing-env", "bad-size",
        "bad-duration", "duplicate-key", "tab-indentation", "output-never-declared", "impossible-resources", "many",
        "bad-range", "unknown-area", "residency", "bad-exclusion", "bad-estimate", "bad-deadline", "both-orders",
        "bad-accelerators", "skypilot-forms", "bad-recovery", "bad-rules", "bad-limits",
        "bad-matrix", "bad-engines",
    ]

    @Test("each mistake has its exact message at its exact place", arguments: mistakes)
    func golden(name: String) throws {
        let text = try fixture("mistakes/\(name).yaml")
        let path = "mistakes/\(name).yaml"
        let found = complaints(about: text, path: path, files: FakeFiles(["\(folder)/tickets.csv": 10]))
        let renderer = DiagnosticRenderer(sources: [SourceFile(path: path, text: text)])
        try expectGolden(renderer.render(found), "\(name).txt")
    }

    @Test("a file of many mistakes gets all of them at once, each kind among them")
    func allAtOnce() throws {
        let codes = Set(complaints(about: try fixture("mistakes/many.yaml")).map(\.code))
        #expect(
            codes == [
                "spec.bad-duration", "spec.missing-env", "spec.impossible", "spec.unknown-field", "spec.bad-size",
                "spec.unknown-stage", "spec.unknown-output", "spec.cycle", "spec.unknown-accelerator",
                "yaml.duplicate-key", "spec.wrong-type",
            ])
    }

    @Test(
        "smaller mistakes have codes of their own",
        arguments: [
            ("", "spec.empty"), ("# nothing\n---\n", "spec.empty"), ("- a\n- b\n", "spec.wrong-type"),
            ("stages: {}\n", "spec.missing-field"), ("name: a\nstages:\n", "spec.missing-field"),
            ("stages:\n  a:\n", "spec.wrong-type"), ("stages:\n  a: {}\n", "spec.missing-field"),
            ("name: a\n", "spec.missing-field"), ("{}\n", "spec.missing-field"),
            ("stages: {Train_1: {run: x}}\n", "spec.bad-name"), ("run: x\nenvs: {1A: b}\n", "spec.bad-name"),
            ("run: x\ninputs: {Raw: ./a}\n", "spec.bad-name"), ("run: x\noutputs: [a, a]\n", "spec.duplicate"),
            ("run: x\nworkdir: ./gone\n", "spec.no-file"), ("run: x\nfile_mounts: {/a: ./gone}\n", "spec.no-file"),
            ("run: x\nfile_mounts: {/a/../b: ./gone}\n", "spec.bad-path"),
            ("run: x\nfile_mounts: {/a: s4://b}\n", "spec.bad-mount"),
            ("run: x\nfile_mounts: {/a: 's3://b', /a/: 's3://c'}\n", "spec.duplicate"),
            ("run: x\nfile_mounts: {/a: 's3://${BUCKET}'}\n", "spec.unknown-variable"),
            ("run: x\nservice: {replicas: 1}\n", "spec.missing-field"),
            ("run: x\nafter: [y]\n", "spec.unknown-stage"), ("run: x\nobjective: speed\n", "spec.bad-choice"),
            ("run: x\nobjective: {cost: {deadline: 1h}, time: {budget: 5}}\n", "spec.conflict"),
            ("run: x\nobjective: {time: {budget: lots}}\n", "spec.bad-money"),
            ("run: x\nobjective: {time: {}}\n", "spec.missing-field"),
            ("run: x\nresources: {cpus: many}\n", "spec.bad-quantity"),
            ("run: x\nresources: {infra: aws//a}\n", "spec.bad-place"),
            ("run: x\nresources: {infra: aws/a/b/c}\n", "spec.bad-place"),
            ("run: x\nresources: {infra: aws, cloud: gcp}\n", "spec.conflict"),
            ("run: x\nresources: {any_of: [{cpus: 2}], ordered: [{cpus: 4}]}\n", "spec.conflict"),
            ("run: x\nresources: {ports: 9-8}\n", "spec.bad-port"),
            ("run: x\nresources: {accelerators: 'A100:x'}\n", "spec.bad-accelerator"),
            ("run: x\nresources: {accelerators: {'A100:8': 2}}\n", "spec.bad-accelerator"),
            ("run: x\nresources: {accelerators: 'tpu-v5e-8:2'}\n", "spec.bad-accelerator"),
            ("run: x\nresources: {accelerators: A100, gpus: A100}\n", "spec.conflict"),
            ("run: x\nresources: {regions: [eu, any]}\n", "spec.conflict"),
            ("run: x\nresources: {memory: 4x}\n", "spec.missing-field"),
            ("run: x\nresources: {num_nodes: 2}\n", "spec.unknown-field"),
            ("run: x\nresources: {any_of: [{any_of: []}]}\n", "spec.unknown-field"),
            ("run: x\npolicy: [a]\n", "spec.wrong-type"), ("run: x\ncheckpoint: ../c\n", "spec.bad-path"),
            ("run: x\ninputs: {a: 'r2://b'}\n", "spec.unsupported-store"),
            ("run: x\ninputs: {a: 's4://b'}\n", "spec.bad-input"),
            ("run: x\nworkdir: {ref: main}\n", "spec.missing-field"),
            ("run: x\nfile_mounts: {/a: 'oci://b'}\n", "spec.unsupported-store"),
            ("run: a\npolicy: fast\n---\nrun: b\n", "spec.conflict"),
            ("run: x\nestimate: {A100: 2h, 'A100:1': 3h}\nresources: {accelerators: A100}\n", "spec.duplicate"),
            ("run: x\nestimate: {'A100:8': 2h}\n", "spec.bad-estimate"), ("run: x\nestimate: 0h\n", "spec.impossible"),
            ("run: x\nenvs: {A: b}\nsecrets: [A]\n", "spec.conflict"),
            ("name: a\n---\nstages: {}\n", "spec.conflict"), ("stages: {a: {run: x, service: [1]}}", "spec.wrong-type"),
        ])
    func codes(text: String, code: String) {
        #expect(complaints(about: text).filter { $0.severity == .error }.map(\.code) == [code])
    }

    @Test("a field in the wrong section is told where it belongs")
    func elsewhere() {
        let found = complaints(about: "run: x\naccelerators: T4\nresources: {run: y}\n")
        #expect(found.map(\.help) == ["'accelerators' belongs in 'resources'", "'run' belongs in a stage"])
    }

    @Test("a value of the wrong shape does not hide what is wrong elsewhere, nor make its users wrong")
    func brokenValues() {
        let text = """
            stages:
              a: {run: x, outputs: {o: [1], p: 1GB}, resources: {accelerators: [A100, [T4], nope]}}
              b: text
              c: {run: x, inputs: {o: a.o, p: a.p, q: b.q, r: a.r}, envs: {A: [1], B: 2}}
            """
        let codes = complaints(about: text).map(\.code)
        #expect(
            codes == [
                "spec.wrong-type", "spec.wrong-type", "spec.unknown-accelerator", "spec.wrong-type",
                "spec.unknown-output", "spec.wrong-type",
            ])
    }

    @Test("a misspelt field is not missed under its right name too")
    func misspeltFields() {
        let text = """
            stages:
              a: {rnu: x, ouptuts: [o]}
              b: {run: x, inputs: {o: a.o}, resources: {acelerators: A100}, estimate: {"A100:1": 2h}}
            """
        let helps = complaints(about: text).map(\.help)
        #expect(helps == ["run", "outputs", "accelerators"].map { "did you mean '\($0)'?" })
    }

    @Test("a misspelt 'stages' is the only complaint about a file that is right otherwise")
    func misspeltStages() {
        let found = complaints(about: "name: a\nstagse:\n  train: {run: x}\n")
        #expect(found.map(\.code) == ["spec.unknown-field"])
        #expect(found.first?.help == "did you mean 'stages'?")
    }

    @Test(
        "ten thousand stages in a row are read without a deep stack, and a mistake in each is found",
        .timeLimit(.minutes(5)))
    func longChains() throws {
        let count = 10_000
        var chain = "stages:\n"
        for index in 0..<count { chain += "  s\(index): {run: x, after: [s\(max(0, index - 1))], x: }\n" }
        let found = complaints(about: chain)
        #expect(found.filter { $0.code == "spec.cycle" }.map(\.message) == ["the stages wait for each other: s0 → s0"])
        #expect(found.count { $0.code == "spec.unknown-field" } == count)
    }

    @Test("a missing file, a folder and bytes that are no text are diagnostics too")
    func files() async throws {
        try await withTemporaryFolder { folder in
            func codes(_ path: String) -> [String] {
                do throws(DiagnosticsError) {
                    _ = try SpecReader.read(path: path)
                    return []
                } catch {
                    return error.diagnostics.map(\.code)
                }
            }
            #expect(codes("\(folder)/none.yaml") == ["spec.no-file"])
            #expect(codes(folder) == ["spec.no-file"])
            try write([0x61, 0x3A, 0x20, 0xFF], to: "\(folder)/bad.yaml")
            #expect(codes("\(folder)/bad.yaml") == ["yaml.encoding"])
            try write(Array("run: 'true'".utf8), to: "\(folder)/good.yaml")
            #expect(codes("\(folder)/good.yaml") == [])
        }
    }

    @Test("an override whose name no shell could hold is refused")
    func badOverride() {
        #expect(complaints(about: "run: x", overrides: ["A-B": "1"]).map(\.code) == ["spec.bad-name"])
    }
}

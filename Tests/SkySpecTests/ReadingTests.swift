import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@Suite("Reading pipelines")
struct ReadingTests {
    static let example = """
        name: support-tickets
        objective: cost
        envs: {SEED: "7"}
        stages:
          preprocess:
            resources:
              cpus: 8+
              memory: 32+
              capabilities: [confidential]
            inputs:  {raw: ./data/tickets.csv}
            outputs: {clean: {size: 40GB}}
            estimate: 2h
            run: python3 strip_pii.py "$SKY_INPUT_RAW" "$SKY_OUTPUT_CLEAN"
          train:
            inputs:  {clean: preprocess.clean}
            outputs: {model: {size: 2GB}}
            resources:
              accelerators: {tpu-v5e: 8, A100: 8}
              use_spot: true
            estimate: {"tpu-v5e:8": 6h, "A100:8": 9h}
            run: python3 train.py
          serve:
            inputs: {model: train.model}
            resources: {accelerators: {Inferentia2: 1, T4: 1}}
            service: {port: 8080, readiness_probe: /healthz, replicas: 1}
            run: python3 serve.py
        """
    static let files = FakeFiles([
        "\(folder)/data/tickets.csv": 1_500_000, "\(folder)/strip_pii.py": 900, "\(folder)/train.py": 800,
    ])

    @Test("the example of the format reads as it is meant")
    func exampleReads() throws {
        let result = try read(Self.example, files: Self.files)
        #expect(result.warnings.isEmpty)
        let pipeline = result.pipeline
        #expect(pipeline.name == "support-tickets" && pipeline.objective == .cost && pipeline.directory == folder)
        #expect(pipeline.stages.map(\.name) == ["preprocess", "train", "serve"])
        let preprocess = try #require(pipeline.stage(named: "preprocess"))
        #expect(preprocess.resources.cpus == .atLeast(8))
        #expect(preprocess.resources.memory == .atLeast(32))
        #expect(preprocess.resources.capabilities == ["confidential"])
        let raw = StageInput(
            name: "raw", source: .path("\(folder)/data/tickets.csv"), size: DataSize(bytes: 1_500_000))
        #expect(preprocess.inputs == [raw])
        #expect(preprocess.outputs == [StageOutput(name: "clean", size: DataSize("40GB"))])
        #expect(preprocess.estimate.general == TimeSpan("2h").map { Estimate($0) })
        #expect(preprocess.envs == ["SEED": "7"])
        #expect(preprocess.code.mounts == [.init(target: "strip_pii.py", source: "\(folder)/strip_pii.py")])
        let train = try #require(pipeline.stage(named: "train"))
        #expect(train.inputs.first?.source == .output(stage: "preprocess", artifact: "clean"))
        #expect(train.inputs.first?.size == DataSize("40GB"))
        let tpu = AcceleratorCount(name: "tpu-v5e", count: 8)
        #expect(train.resources.accelerators == [tpu, AcceleratorCount(name: "A100", count: 8)])
        #expect(train.resources.useSpot && train.estimate.duration(on: tpu)?.expected == TimeSpan("6h"))
        let serve = try #require(pipeline.stage(named: "serve"))
        #expect(serve.service == ServiceSpec(port: 8080, readinessPath: "/healthz"))
        #expect(serve.dependencies == ["train"])
    }

    @Test(
        "every form of accelerators is understood",
        arguments: [
            ("A100:8", ["A100:8"]), ("a100", ["A100:1"]), ("{A100: 8, V100: 4}", ["A100:8", "V100:4"]),
            ("{A100:1, V100}", ["A100:1", "V100:1"]), ("[L4:1, 'H100:1']", ["L4:1", "H100:1"]),
            ("A10:0.5", ["A10:0.5"]), ("tpu-v5litepod-8", ["tpu-v5e:8"]), ("tpu-v5e-8", ["tpu-v5e:8"]),
            ("tpu-v5e:8", ["tpu-v5e:8"]), ("{tpu-v5litepod: 4}", ["tpu-v5e:4"]), ("TPU-V6E-16:1", ["tpu-v6e:16"]),
            ("tpu-v2-8", ["tpu-v2:8"]), ("tpu-v3-32", ["tpu-v3:32"]), ("tpu-v4-8", ["tpu-v4:8"]),
            ("tpu-v5p-8", ["tpu-v5p:8"]), ("[A100, a100, A100:1]", ["A100:1"]), ("A100-80GB:2", ["A100-80GB:2"]),
            ("trainium2:16", ["Trainium2:16"]), ("A100:1.0", ["A100:1"]),
        ])
    func accelerators(form: String, expected: [String]) throws {
        let stage = try stage("run: x\nresources: {accelerators: \(form)}\n")
        #expect(stage.resources.accelerators.map(\.description) == expected)
    }

    @Test(
        "memory and disk have SkyPilot's units",
        arguments: [
            ("32", "32"), ("32+", "32+"), ("32GB", "32"), ("64gb+", "64+"), ("512MB", "0.5"), ("1TB", "1024"),
            ("16GiB", "16"), ("0.5", "0.5"),
        ])
    func memory(text: String, expected: String) throws {
        let stage = try stage("run: x\nresources: {memory: \(text), disk_size: 1500MB}\n")
        #expect(stage.resources.memory?.description == expected)
        #expect(stage.resources.diskSize == 1)
    }

    @Test(
        "places are read in every form",
        arguments: [
            ("infra: aws", "aws"), ("infra: aws/us-east-1/us-east-1a", "aws/us-east-1/us-east-1a"),
            ("infra: '*/us-east-1'", "*/us-east-1"), ("infra: k8s/a:b/c", "kubernetes/a:b/c"),
            ("{cloud: AWS, region: eu-west-1}", "aws/eu-west-1"),
            ("infra: [aws, gcp/us-central1]", "aws gcp/us-central1"),
        ])
    func places(text: String, expected: String) throws {
        let stage = try stage("run: x\nresources: \(text.hasPrefix("{") ? text : "{\(text)}")\n")
        #expect(stage.resources.places.map(\.description).joined(separator: " ") == expected)
    }

    @Test("outputs may be a list, have no size, or a size alone")
    func outputs() throws {
        let sizes = { (form: String) in try stage("run: x\noutputs: \(form)\n").outputs.map(\.size) }
        #expect(try sizes("[a, b]") == [nil, nil])
        #expect(try sizes("{a: , b: 3GB, c: {size: 1MB}, d: {}}") == [nil, DataSize("3GB"), DataSize("1MB"), nil])
    }

    @Test("inputs come from paths, addresses and stages; addresses and paths may use variables")
    func inputs() throws {
        let text = """
            envs: {BUCKET: b, DATA: data}
            run: x
            inputs:
              near: ./$DATA/tickets.csv
              all: ./data
              home: ~/tickets/train.py
              far: s3://${BUCKET}/key$$1
              sized: {source: gs://b/k, size: 600GB}
            """
        let stage = try stage(text, files: Self.files)
        #expect(
            stage.inputs.map(\.source) == [
                .path("\(folder)/data/tickets.csv"), .path("\(folder)/data"), .path("\(folder)/train.py"),
                .uri("s3://b/key$1"), .uri("gs://b/k"),
            ])
        #expect(stage.inputs.map { $0.size?.bytes } == [1_500_000, 1_500_000, 800, nil, 600_000_000_000])
    }

    @Test("overrides win, fill what is required and add what is not declared; the stage's own beats the pipeline's")
    func variables() throws {
        let text = "envs: {A: 1, B: , C: 3}\nstages:\n  s: {run: x, envs: {C: 4, D: }}\n"
        let result = try read(text, overrides: ["B": "b", "D": "d", "E": "e"])
        #expect(result.pipeline.stages.first?.envs == ["A": "1", "B": "b", "C": "4", "D": "d", "E": "e"])
        #expect(complaints(about: text).map(\.help) == ["B", "D"].map { "add --env \($0)=VALUE to the command" })
    }

    @Test("without a workdir the files that the commands name come along, inputs and outsiders do not")
    func namedFiles() throws {
        let files = FakeFiles([
            "\(folder)/a.py": 1, "\(folder)/conf/b.yaml": 1, "\(folder)/c.sh": 1, "\(folder)/data/d.csv": 1,
            "\(folder)/models/e.bin": 1, "\(folder)/lib/f.py": 1, "/home/ada/secret.txt": 1,
        ])
        let text = """
            inputs: {d: ./data/d.csv}
            file_mounts: {c.sh: ./c.sh}
            setup: pip install -r lib/
            run: |
              python3 ./a.py --config=conf/b.yaml "data/d.csv" ../secret.txt /home/ada/tickets/a.py; bash c.sh
              echo models done  # and then lib/f.py
            """
        let targets = try stage(text, files: files).code.mounts.map(\.target)
        #expect(targets == ["c.sh", "lib", "a.py", "conf/b.yaml"])
        let withWorkdir = try stage(text + "\nworkdir: .\n", files: files).code
        #expect(withWorkdir.workdir == folder && withWorkdir.mounts.map(\.target) == ["c.sh"])
    }

    @Test("a bucket can be mounted, what cannot is copied with a warning")
    func mountModes() throws {
        let result = try read(
            """
            run: x
            envs: {NAME: sets}
            file_mounts:
              /a: {source: s3://b/$NAME, mode: mount}
              ~/c: {source: s3://b, mode: MOUNT_CACHED}
              d: {source: s3://b, mode: COPY}
              e: {source: gs://b, mode: MOUNT}
              f: {source: az://acct/b, mode: MOUNT_CACHED}
              g: {name: own, store: gcs}
              h: {source: "https://host/x", mode: MOUNT}
            """)
        let mounts = try #require(result.pipeline.stages.first).code.mounts
        #expect(mounts.map(\.mode) == [.mount, .cached, nil, .mount, .cached, .mount, nil])
        #expect(mounts.map(\.isOutside) == [true, true, false, false, false, false, false])
        #expect(mounts.first?.source == "s3://b/sets")
        #expect(mounts[5].source == "gs://own")
        let warnings = result.warnings.map(\.message)
        #expect(warnings.count == 1 && warnings.first?.hasPrefix("mode MOUNT acts as COPY: only what is in") == true)
    }

    @Test(
        "a mount that cannot be is pointed at",
        arguments: [
            ("/proc/x: s3://b/c", "/proc/x"), ("/: s3://b/c", "/"), ("~ada/x: s3://b/c", "~ada/x"),
            ("/dev: s3://b/c", "/dev"), ("x/../y: s3://b/c", "x/../y"), ("/d: {source: s3://b, mode: MUONT}", "MUONT"),
        ])
    func wrongMounts(line: String, marked: String) throws {
        let text = "run: x\nfile_mounts:\n  \(line)\n"
        let complaint = try #require(complaints(about: text).first)
        #expect(complaint.message.hasPrefix("'\(marked)' "))
        #expect(complaint.range?.start.line == 3)
        #expect(complaint.expected?.isEmpty == false)
    }

    @Test(
        "a name is what a run's id may begin with",
        arguments: [
            ("name: Support Tickets!\nrun: x", "pipeline.yaml", "support-tickets"),
            ("run: x", "pipeline.yaml", "tickets"),
            ("run: x", "a/My_Job.v2.yaml", "my-job-v2"), ("name: '!!'\nrun: x", "Größe.yml", "gr-e"),
        ])
    func names(text: String, path: String, expected: String) throws {
        let name = try read(text, path: path).pipeline.name
        #expect(name == expected)
        #expect(RunID(name + "-7k2m") != nil)
    }

    @Test("a service's port may be SkyPilot's resources.ports, which then opens no second time")
    func servicePort() throws {
        let stage = try stage("run: x\nservice: {readiness_probe: /}\nresources: {ports: [8080, '9000-9002']}\n")
        #expect(stage.service?.port == 8080 && stage.resources.ports == [9000, 9001, 9002])
    }

    @Test("other names for accelerators can be given")
    func otherAccelerators() throws {
        let source = SourceFile(path: "p.yaml", text: "run: x\nresources: {accelerators: 'abacus:2'}\n")
        let result = try SpecReader.read(
            source: source, directory: folder, files: FakeFiles(), knownAccelerators: AcceleratorNames(["Abacus"]))
        #expect(result.pipeline.stages.first?.resources.accelerators.map(\.description) == ["Abacus:2"])
    }

    @Test("names of one's own stand beside the known ones, and leave their other spellings alone")
    func moreAccelerators() {
        let names = AcceleratorNames.standard.adding(["Abacus"])
        #expect(names.canonicalName(of: "ABACUS") == "Abacus" && names.canonicalName(of: "a100-40gb") == "A100")
        #expect(names.all.contains("Abacus") && names.all.count == AcceleratorNames.standard.all.count + 1)
    }

    @Test("files of this machine are found and measured")
    func localFiles() async throws {
        try await withTemporaryFolder { folder in
            try write(Array(repeating: 0x61, count: 1234), to: "\(folder)/a.bin")
            let files = LocalFileSystem()
            #expect(files.size(of: folder)?.bytes == 1234 && files.size(of: "\(folder)/a.bin")?.bytes == 1234)
            #expect(files.kind(of: folder) == .folder && files.kind(of: "\(folder)/none") == nil)
            #expect(LocalFileSystem(entryLimit: 0).size(of: folder) == nil)
            try write(Array("run: cat a.bin\ninputs: {all: .}\n".utf8), to: "\(folder)/job.yaml")
            let stage = try #require(try SpecReader.read(path: "\(folder)/job.yaml").pipeline.stages.first)
            #expect(stage.inputs.first?.source == .path(folder))
            #expect(stage.code.mounts == [.init(target: "a.bin", source: "\(folder)/a.bin")])
        }
    }
}

import SkyCore
import SkySpec
import Testing

@Suite("Engines of stages")
struct EngineTests {
    @Test(
        "a name alone means the usual version, a name with a version that one, and torchrun and MPI have none",
        arguments: [
            ("ray", .ray, "2.60.0"), ("spark", .spark, "4.3.0"), ("ray==2.55", .ray, "2.55"),
            ("spark==4.0.0rc1", .spark, "4.0.0rc1"), ("{name: ray, version: 2.60}", .ray, "2.60"),
            ("torchrun", .torchrun, nil), ("{name: mpi}", .mpi, nil),
        ] as [(String, StageEngine.Name, String?)])
    func names(text: String, name: StageEngine.Name, version: String?) throws {
        let engine = try #require(try stage("run: x\nengine: \(text)\n").engine)
        #expect(engine.name == name && engine.version == version && engine.options == EngineOptions())
    }

    @Test("a stage that says nothing has no engine", arguments: ["", "engine:\n"])
    func silence(text: String) throws {
        #expect(try stage("run: x\n\(text)").engine == nil)
    }

    @Test("each engine has its options")
    func options() throws {
        let ray = try stage(
            """
            run: x
            engine:
              name: ray
              options: {cpus: 4, memory: 8GB, object_store: 2GB, packages: [numpy, pandas==2.3], start_timeout: 20m}
            """)
        #expect(
            ray.engine?.options
                == EngineOptions(
                    cpus: 4, memory: DataSize("8GB"), objectStore: DataSize("2GB"), packages: ["numpy", "pandas==2.3"],
                    startTimeout: TimeSpan("20m")))
        let spark = try stage(
            """
            run: x
            engine: {name: spark, options: {conf: {spark.sql.shuffle.partitions: 8}, python: python3.12, packages: numpy}}
            """)
        #expect(
            spark.engine?.options
                == EngineOptions(
                    conf: ["spark.sql.shuffle.partitions": "8"], packages: ["numpy"], python: "python3.12"))
        let gang = try stage("run: x\nengine: {name: mpi, options: {port: 29500, processes: 8}}\n")
        #expect(gang.engine?.options == EngineOptions(port: 29500, processes: 8))
    }

    @Test("a service may have one: its head serves")
    func service() throws {
        let stage = try stage("run: x\nengine: ray\nnum_nodes: 2\nservice: {port: 80}\n")
        #expect(stage.engine?.name == .ray && stage.service?.port == 80)
    }

    @Test(
        "what cannot be is told with its own code",
        arguments: [
            ("setup: x\nengine: ray\n", "spec.missing-field"),
            ("run: x\nengine: {version: 2.60.0}\n", "spec.missing-field"),
            ("run: x\nengine: [ray]\n", "spec.wrong-type"), ("run: x\nengine: ray==\n", "spec.bad-version"),
            ("run: x\nengine: ray==two\n", "spec.bad-version"), ("run: x\nengine: ray==2.9.3\n", "spec.bad-version"),
            ("run: x\nengine: {name: torchrun, version: 2.1}\n", "spec.conflict"),
            ("run: x\nengine: {name: spark, options: {memory: 1MB}}\n", "spec.impossible"),
            ("run: x\nengine: {name: ray, options: {packages: ['-r evil.txt']}}\n", "spec.bad-name"),
            ("run: x\nengine: {name: ray, options: {python: 'python3; reboot'}}\n", "spec.bad-name"),
            ("run: x\nengine: {name: spark, options: {conf: {shuffle: 8}}}\n", "spec.bad-name"),
            ("run: x\nengine: {name: mpi, options: {port: 70000}}\n", "spec.impossible"),
        ])
    func codes(text: String, code: String) {
        #expect(complaints(about: text).map(\.code) == [code])
    }

    @Test("the variables of a matrix may stand in it")
    func matrix() throws {
        let pipeline = try read(
            "stages: {a: {matrix: {V: [2.55.0, 2.60.0]}, run: x, engine: 'ray==$V'}}\n"
        ).pipeline
        #expect(pipeline.stages.map { $0.engine?.version } == ["2.55.0", "2.60.0"])
    }
}

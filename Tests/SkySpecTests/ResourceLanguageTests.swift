import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@Suite("The resource language")
struct ResourceLanguageTests {
    private func resources(_ text: String) throws -> ResourceRequest {
        try stage("run: x\nresources: \(text)\n").resources
    }

    @Test(
        "quantities are exact, at least, or a range",
        arguments: [
            ("8", 8, 8), ("8+", 8, nil), ("16..64", 16, 64), ("16..", 16, nil), ("..64", 0, 64), ("0.5..2", 0.5, 2),
            ("16 .. 64", 16, 64), ("4..4", 4, 4),
        ] as [(String, Double, Double?)])
    func quantities(text: String, least: Double, most: Double?) throws {
        #expect(try resources("{cpus: '\(text)'}").cpus == Quantity(least: least, most: most))
        #expect(try resources("{memory: '\(text)'}").memory == Quantity(least: least, most: most))
    }

    @Test(
        "memory takes units in ranges too, and SkyPilot's share of each CPU",
        arguments: [
            ("{memory: 64GB..256GB}", "64..256"), ("{memory: 64..256GB}", "64..256"),
            ("{memory: 512MB..1TB}", "0.5..1024"),
            ("{cpus: 8+, memory: 4x}", "32+"), ("{cpus: 8..16, memory: 0.5x}", "4+"),
        ])
    func memory(text: String, expected: String) throws {
        #expect(try resources(text).memory?.description == expected)
    }

    @Test(
        "accelerators may be asked for by their memory alone",
        arguments: [
            ("{memory: 80GB+}", "80+", nil), ("{memory: 80GB+, count: 8}", "80+", "8"), ("80GB+", "80+", "1"),
            ("80GB+:8", "80+", "8"), ("80GB", "80", "1"), ("{40..80GB: 4}", "40..80", "4"),
            ("{count: 4..8}", nil, "4..8"),
            ("{memory: 40GB..80GB, count: 2+}", "40..80", "2+"),
        ] as [(String, String?, String?)])
    func acceleratorMemory(text: String, memory: String?, count: String?) throws {
        let request = try resources("{accelerators: \(text)}")
        #expect(request.accelerators.isEmpty)
        #expect(request.acceleratorMemory?.description == memory && request.acceleratorCount?.description == count)
    }

    @Test("a maker's accelerators are all its models")
    func makers() throws {
        let request = try resources("{accelerators: 'amd:100GB+:4'}")
        #expect(request.accelerators.contains(AcceleratorCount(name: "MI300X", count: 4)))
        #expect(!request.accelerators.contains { $0.name == "H100" })
        #expect(request.acceleratorMemory == .atLeast(100) && request.acceleratorCount == nil)
    }

    @Test(
        "a list of accelerators is an order of preference, a set or a mapping is not",
        arguments: [
            ("[A100:8, T4]", true), ("{A100:8, T4}", false), ("{A100: 8, T4: 1}", false), ("[A100:8]", false),
            ("[A100, A100:1]", false),
        ])
    func lists(text: String, isOrdered: Bool) throws {
        let stage = try stage("run: x\nresources: {accelerators: \(text)}\n")
        #expect(stage.alternativesAreOrdered == isOrdered)
        #expect(
            stage.alternatives.map { $0.accelerators.map(\.description) } == (isOrdered ? [["A100:8"], ["T4:1"]] : []))
    }

    @Test("names and memories beside each other are alternatives, in the order of a list")
    func mixedAccelerators() throws {
        let any = try stage("run: x\nresources: {accelerators: {A100:8, 80GB+:4, H100:4}}\n")
        #expect(any.alternatives.map { $0.accelerators.count } == [2, 0] && !any.alternativesAreOrdered)
        let ordered = try stage("run: x\nresources: {accelerators: [A100:8, '80GB+:4', H100:4]}\n")
        #expect(ordered.alternatives.map { $0.accelerators.count } == [1, 0, 1] && ordered.alternativesAreOrdered)
    }

    @Test(
        "capabilities are asked for and excluded",
        arguments: [
            ("confidential", ["confidential"], []), ("[efa, nvlink, efa]", ["efa", "nvlink"], []),
            ("[confidential-sev-snp, {not: arm64}]", ["confidential-sev-snp"], ["arm64"]),
            ("{not: [arm64, burstable]}", [], ["arm64", "burstable"]),
            ("[{not: a}, b, {not: [c, a]}]", ["b"], ["a", "c"]),
        ])
    func capabilities(text: String, wanted: [String], excluded: [String]) throws {
        let request = try resources("{capabilities: \(text)}")
        #expect(request.capabilities == wanted && request.excludedCapabilities == excluded)
    }

    @Test("the pipeline's regions hold for all stages and outputs that say nothing else")
    func regions() throws {
        let text = """
            regions: [EU, ch]
            stages:
              a: {run: x, outputs: {o: 1GB, p: {regions: any}, q: {regions: de}}}
              b: {run: x, resources: {regions: us}, outputs: {o: 1GB}}
              c: {run: x, resources: {regions: any}}
              d: {run: x, resources: {any_of: [{accelerators: A100}, {accelerators: T4, regions: de}]}, outputs: [o]}
            """
        let stages = try read(text).pipeline.stages
        #expect(stages.map(\.resources.areas) == [["eu", "ch"], ["us"], [], ["eu", "ch", "de"]])
        #expect(stages[0].outputs.map(\.areas) == [["eu", "ch"], [], ["de"]])
        #expect(stages[1].outputs.map(\.areas) == [[]] && stages[3].outputs.map(\.areas) == [[]])
        #expect(stages[3].alternatives.map(\.areas) == [["eu", "ch"], ["de"]])
        let task = try stage("regions: eu\nrun: x\noutputs: [o]\n")
        #expect(task.resources.areas == ["eu"] && task.outputs.map(\.areas) == [["eu"]])
        let chain = try read("regions: eu\n---\nrun: x\n---\nrun: y\nregions: us\n").pipeline
        #expect(chain.stages.map(\.resources.areas) == [["eu"], ["us"]])
    }

    @Test("a stage is bound by the data that it writes and reads")
    func dataAreas() throws {
        let text = """
            stages:
              a: {run: x, outputs: {o: {regions: eu}, p: 1GB}}
              b: {run: x, inputs: {o: a.o, p: a.p}, outputs: {q: {regions: [de, us]}, r: {regions: eu}}}
              c: {run: x, inputs: {p: a.p}}
            """
        let pipeline = try read(text).pipeline
        #expect(pipeline.stages.map { pipeline.dataAreas(of: $0) } == [[["eu"]], [["de", "us"], ["eu"]], []])
    }

    @Test("alternatives of other numbers of nodes stay apart")
    func nodes() throws {
        let text = """
            num_nodes: 2
            run: x
            resources:
              any_of: [{accelerators: A100:8, num_nodes: 1}, {accelerators: A100:4}, {accelerators: H100:4, num_nodes: 2}]
            """
        let apart = try stage(text)
        #expect(apart.numNodes == 2 && apart.alternatives.map(\.numNodes) == [1, nil])
        #expect(apart.alternatives.map { $0.accelerators.map(\.description) } == [["A100:8"], ["A100:4", "H100:4"]])
        let one = try stage("run: x\nresources: {any_of: [{cpus: 4, num_nodes: 3}]}\n")
        #expect(one.numNodes == 3 && one.alternatives.isEmpty && one.resources.numNodes == nil)
    }

    @Test("the order of 'ordered' stays, even of what could be one request")
    func ordered() throws {
        let text = "run: x\nresources: {cpus: 8+, ordered: [{infra: gcp}, {infra: aws}, {infra: gcp}]}\n"
        let result = try read(text)
        let stage = try #require(result.pipeline.stages.first)
        #expect(stage.alternativesAreOrdered && result.warnings.isEmpty)
        #expect(stage.alternatives.map { $0.places.map(\.description) } == [["gcp"], ["aws"]])
    }

    @Test("a field without a value in an alternative takes back what stands beside the list")
    func takenBack() throws {
        let text =
            "run: x\nresources: {image_id: i, cpus: 8, any_of: [{infra: aws}, {infra: gcp, image_id: , cpus: }]}\n"
        let stage = try stage(text)
        #expect(stage.alternatives.map(\.imageID) == ["i", nil])
        #expect(stage.alternatives.map(\.cpus) == [.exactly(8), nil])
    }

    @Test("spot or not is a choice between two requests")
    func spotOrNot() throws {
        let stage = try stage("run: x\nresources: {any_of: [{use_spot: true}, {use_spot: false}]}\n")
        #expect(stage.alternatives.map(\.useSpot) == [true, false])
    }

    @Test("machines with and without accelerators are alternatives, not one request")
    func withoutAccelerators() throws {
        let stage = try stage("run: x\nresources: {any_of: [{cpus: 8}, {cpus: 8, accelerators: T4}]}\n")
        #expect(stage.alternatives.map { $0.accelerators.count } == [0, 1])
    }

    @Test(
        "SkyPilot's classes and limits are read",
        arguments: [
            ("{disk_tier: HIGH}", "disk_tier: high"), ("{disk_tier: none}", ""),
            ("{network_tier: best}", "network_tier: best"),
            ("{max_hourly_cost: 3.5}", "max_hourly_cost: $3.5"), ("{max_hourly_cost: $12}", "max_hourly_cost: $12"),
            ("{local_disk: nvme}", "capabilities: [local-nvme]"),
            ("{infra: ' aws/*/us-east-1a/ '}", "infra: [\"aws/*/us-east-1a\"]"),
            ("{infra: 'k8s/*'}", "infra: [kubernetes]"),
            ("{infra: slurm/cluster/part}", "infra: [slurm/cluster/part]"), ("{infra: ssh/a/b}", "infra: [ssh/a/b]"),
            ("{ports: '8000, 9000-9001'}", "ports: [8000, 9000-9001]"),
            ("{image_id: {docker: 'a:b'}}", "image_id: \"docker:a:b\""),
            ("{image_id: 'a:b', infra: k8s}", "image_id: \"docker:a:b\""),
        ])
    func classes(text: String, explained: String) throws {
        let pipeline = try read("run: x\nresources: \(text)\n").pipeline
        let lines = PipelineExplanation.yaml(pipeline).split(separator: "\n").map { $0.drop { $0 == " " } }
        #expect(explained.isEmpty ? !lines.contains("resources:") : lines.contains(Substring(explained)), "\(lines)")
    }

    @Test("images by region are a request for each region, within the places asked for")
    func images() throws {
        let text = "{infra: [aws, gcp/us-east1], image_id: {eu-west-1: ami-1, us-east1: img-2}}"
        let stage = try stage("run: x\nresources: \(text)\n")
        #expect(stage.alternatives.map(\.imageID) == ["ami-1", "img-2"])
        #expect(
            stage.alternatives.map { $0.places.map(\.description) } == [
                ["aws/eu-west-1"], ["aws/us-east1", "gcp/us-east1"],
            ])
    }

    @Test(
        "what has no effect is read in all of SkyPilot's forms, with one warning",
        arguments: [
            "autostop: true", "autostop: 10", "autostop: 10m",
            "autostop: {idle_minutes: 10, down: true, wait_for: jobs}",
            "accelerator_args: {tpu_vm: true, runtime_version: v2}",
            "priority: -10", "volumes: [{path: /mnt, name: a}]", "local_disk: 1000+",
        ])
    func withoutEffect(field: String) throws {
        let result = try read("run: x\nresources: {\(field)}\n")
        #expect(result.warnings.map(\.code) == ["spec.ignored-field"])
    }
}

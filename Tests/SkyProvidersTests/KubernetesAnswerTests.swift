import SkyCore
import SkyKubernetes
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("What clusters say")
struct KubernetesAnswerTests {
    @Test(
        "labels of many makers say which accelerators a node has",
        arguments: [
            ("skypilot.co/accelerator", "a100-80gb", "A100-80GB"),
            ("cloud.google.com/gke-accelerator", "nvidia-tesla-t4", "T4"),
            ("cloud.google.com/gke-accelerator", "nvidia-a100-80gb", "A100-80GB"),
            ("cloud.google.com/gke-accelerator", "nvidia-h100-80gb", "H100"),
            ("cloud.google.com/gke-accelerator", "nvidia-h100-mega-80gb", "H100-MEGA"),
            ("cloud.google.com/gke-accelerator", "nvidia-h200-141gb", "H200"),
            ("nvidia.com/gpu.product", "NVIDIA-A100-SXM4-80GB", "A100-80GB"),
            ("nvidia.com/gpu.product", "NVIDIA-A100-SXM4-40GB", "A100"),
            ("nvidia.com/gpu.product", "Tesla-V100-SXM2-32GB", "V100-32GB"),
            ("nvidia.com/gpu.product", "NVIDIA-H100-80GB-HBM3", "H100"),
            ("nvidia.com/gpu.product", "NVIDIA-L40S", "L40S"),
            ("nvidia.com/gpu.product", "NVIDIA-RTX-A6000", "RTXA6000"),
            ("nvidia.com/gpu.product", "Quadro-RTX-6000", "RTX6000"),
            ("nvidia.com/gpu.product", "NVIDIA-RTX-6000-Ada-Generation", "RTX6000-Ada"),
            ("gpu.nvidia.com/class", "A100_PCIE_80GB", "A100-80GB"),
            ("k8s.amazonaws.com/accelerator", "nvidia-tesla-v100", "V100"),
            ("karpenter.k8s.aws/instance-gpu-name", "a10g", "A10G"),
            ("amd.com/gpu.product-name", "AMD_Instinct_MI300X_OAM", "MI300X"),
        ])
    func accelerators(key: String, value: String, name: String) {
        let kind = AcceleratorLabels.kind(of: "nvidia.com/gpu", count: 8, [key: value], names: [:])
        #expect(kind?.name == name)
        #expect(kind?.labels == [.init(key: key, value: value)])
        // A person's own name for it counts for more.
        #expect(
            AcceleratorLabels.kind(of: "nvidia.com/gpu", count: 8, [key: value], names: [value: "X"])?.name == "X")
    }

    @Test("shares of cards are none of the catalog's; a TPU's slice is one host or nothing")
    func parts() {
        for value in ["NVIDIA-A100-SXM4-40GB-SHARED", "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb"] {
            let kind = AcceleratorLabels.kind(
                of: "nvidia.com/gpu", count: 8, ["nvidia.com/gpu.product": value], names: [:])
            #expect(kind == nil)
        }
        func tpu(_ kind: String, _ topology: String, _ count: Int) -> AcceleratorLabels.Kind? {
            AcceleratorLabels.kind(
                of: "google.com/tpu", count: count,
                ["cloud.google.com/gke-tpu-accelerator": kind, "cloud.google.com/gke-tpu-topology": topology],
                names: [:])
        }
        #expect(tpu("tpu-v5-lite-podslice", "2x4", 8)?.name == "tpu-v5e")
        #expect(tpu("tpu-v5p-slice", "2x2x1", 4)?.factor == 2)
        #expect(tpu("tpu-v5-lite-podslice", "4x4", 4) == nil)
    }

    private func facts(_ nodes: String, pods: String? = nil, change: (inout KubernetesCluster) -> Void = { _ in })
        throws
        -> KubernetesCluster
    {
        var cluster = KubernetesCluster(name: "c")
        change(&cluster)
        let decoder = JSONDecoder()
        cluster.facts = KubernetesFacts(
            cluster, version: "v1.31.2", nodes: try decoder.decode([ClusterNode].self, from: Data(nodes.utf8)),
            pods: try pods.map { try decoder.decode([Pod].self, from: Data($0.utf8)) })
        return cluster
    }

    private func node(_ name: String, _ allocatable: String, labels: String = "", spec: String = "{}") -> String {
        """
        {"metadata": {"name": "\(name)", "labels": {"kubernetes.io/arch": "amd64"\(labels)}}, "spec": \(spec),
         "status": {"allocatable": {\(allocatable)}, "conditions": [{"type": "Ready", "status": "True"}]}}
        """
    }

    private let plain = #""cpu": "15890m", "memory": "58Gi""#

    @Test("what runs on every node is taken off; where it cannot be seen, a tenth is")
    func room() throws {
        let nodes = "[\(node("a", plain)), \(node("b", #""cpu": "15900m", "memory": "58Gi""#))]"
        let daemon = """
            [{"metadata": {"ownerReferences": [{"kind": "DaemonSet"}]}, "status": {"phase": "Running"}, "spec": {"nodeName": "a",
              "containers": [{"name": "x", "resources": {"requests": {"cpu": "390m", "memory": "1Gi"}}}]}},
             {"metadata": {"ownerReferences": [{"kind": "ReplicaSet"}]}, "status": {"phase": "Running"}, "spec": {"nodeName": "b",
              "containers": [{"name": "x", "resources": {"requests": {"cpu": "9", "memory": "9Gi"}}}]}}]
            """
        let seen = try facts(nodes, pods: daemon)
        #expect(seen.machines.map(\.machineType).prefix(2) == ["15.5c-57g", "7.7c-28.5g"])
        #expect(seen.machines.map(\.count).prefix(2) == [2, 4])
        #expect(try facts(nodes).machines.first?.machineType == "14.8c-56g")
    }

    @Test("nodes that are not for us are left out, and those of an unknown kind are counted")
    func others() throws {
        let tainted = #"{"taints": [{"key": "team", "value": "x", "effect": "NoSchedule"}]}"#
        let nodes = [
            node("a", plain), node("closed", plain, spec: #"{"unschedulable": true}"#),
            node("windows", plain, labels: #", "kubernetes.io/os": "windows""#), node("tainted", plain, spec: tainted),
            node("gpu", plain + #", "nvidia.com/gpu": "2""#),
            node("spot", plain, labels: #", "cloud.google.com/gke-spot": "true""#),
        ]
        let cluster = try facts("[\(nodes.joined(separator: ","))]", pods: "[]")
        #expect(cluster.facts?.others == 3 && cluster.facts?.unknownAccelerators == ["nvidia.com/gpu": 1])
        #expect(cluster.machines.filter { $0.parts == 1 }.map(\.isPreemptible) == [false, true])
        let willing = try facts("[\(nodes.joined(separator: ","))]", pods: "[]") {
            $0.tolerations = ["team"]
            $0.accelerators = ["nvidia.com/gpu": "T4"]
        }
        #expect(willing.facts?.others == 2)
        #expect(willing.machines.contains { $0.accelerator == AcceleratorCount(name: "T4", count: 2) })
    }

    @Test("a pod's name, labels and length are what Kubernetes allows, whatever the token")
    func names() throws {
        let tokens = [
            "r--train--1", "A_b.C--x--1", String(repeating: "x", count: 200), "-_.",
            "run-7k2m--" + String(repeating: "é", count: 3),
        ]
        for token in tokens {
            let name = PodNames(token: token).pod(12_345)
            #expect(name.count <= 63 && !name.contains("--"), "\(name)")
            #expect(name.wholeMatch(of: /[a-z0-9]([-a-z0-9]*[a-z0-9])?/) != nil, "\(name)")
        }
        #expect(PodNames(token: "a").pod(0) != PodNames(token: "A").pod(0))
        #expect(PodNames.label("-x y/z-") == "x-y-z")
        #expect(PodNames.label(String(repeating: "a", count: 62) + "--b").count == 62)
        #expect(PodNames.label("é") == "")
    }

    @Test("every row of the table of errors is a kind of ours, and what is not in it passes at first")
    func errors() throws {
        let table = try KubernetesUnderTest.errors()
        #expect(table.rows.count > 50)
        for row in table.rows {
            #expect(table.error([row.code], "x").kind == row.kind, "\(row.code)")
        }
        func kind(_ reason: String, _ status: Int, _ message: String = "") -> ProviderError.Kind {
            table.error(KubernetesError(.refused, status: status, reason: reason, message), of: "c").kind
        }
        #expect(kind("Forbidden", 403, "pods \"x\" is forbidden: exceeded quota: team") == .quota)
        #expect(kind("Forbidden", 403, "User cannot create") == .credentials)
        #expect(kind("", 403) == .credentials && kind("", 429) == .transient && kind("New", 500) == .transient)
        #expect(table.error(["OutOfnvidia.com/gpu"], "x").kind == .noCapacity)
    }

    @Test(
        "what a real 1.20 said of pods that it did not take is sorted",
        arguments: [
            ("priority", ProviderError.Kind.badRequest, "'priority_class'"),
            ("account", .badRequest, "'service_account'"), ("runtime", .badRequest, "'runtime_class'"),
            ("label", .badRequest, "a valid label"), ("cards", .badRequest, "nvidia.com/gpu limit"),
        ])
    func recorded(_ pod: String, _ kind: ProviderError.Kind, _ words: String) throws {
        struct Answers: Decodable {
            struct Refusal: Decodable {
                var status: Int
                var reason: String
                var message: String
            }

            var for_wrong_pods: [String: Refusal]
        }
        let bytes = try #require(try Files.read(KubernetesEmulator.recordedAnswers))
        let answers = try JSONDecoder().decode(Answers.self, from: Data(bytes)).for_wrong_pods
        let answer = try #require(answers[pod])
        let error = try KubernetesUnderTest.errors().error(
            KubernetesError(.refused, status: answer.status, reason: answer.reason, answer.message), of: "c")
        #expect(error.kind == kind && error.message.contains(words), "\(error)")
    }

    @Test("the rights that are asked about are those of the table that plans are printed from")
    func rights() throws {
        let repository = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let table = try PermissionTable.read("kubernetes", in: "/\(repository)/providers")
        let needs = PermissionNeeds(
            provider: "kubernetes", adapter: "kubernetes", uses: [.machines, .service], regions: ["c"])
        let printed = Set(table.rows(for: needs).map(\.right))
        for right in ClusterRight.needed(in: "ml") {
            let resource = right.subresource.map { "\(right.resource)/\($0)" } ?? right.resource
            #expect(printed.contains("\(resource):\(right.verb)"), "\(right)")
        }
        #expect(PermissionDocument(needs, table).text.contains("resources: [pods/exec], verbs: [get, create]"))
    }

    @Test("kubernetes.yaml: all mistakes are shown at once, each with its place")
    func settings() throws {
        var reader = KubernetesClusterReader(path: "kubernetes.yaml", home: "/")
        let good = reader.read(
            Array(
                """
                clusters:
                  prod: {context: arn:aws:eks:x/y, namespace: ml, price: 1.20, queue: 5m, tolerations: [team], image: a/b:1,
                         node_selector: {a: b}, accelerators: {nvidia.com/gpu: T4}, image_pull_secrets: [s], directory: /scratch}
                  plain:
                """.utf8))
        #expect(reader.diagnostics.isEmpty, "\(reader.diagnostics)")
        #expect(good.clusters.map(\.name) == ["prod", "plain"])
        #expect(good.clusters[0].queueLimit == .seconds(300) && good.clusters[1].context == "plain")
        var strict = KubernetesClusterReader(path: "kubernetes.yaml", home: "/")
        _ = strict.read(
            Array(
                """
                clusters:
                  prod: {namespace: ML, price: x, queue: 3h, nodeSelector: {a: b}, directory: here, country: germany}
                """.utf8))
        #expect(
            strict.diagnostics.map(\.code).sorted() == [
                "kubernetes.bad-name", "kubernetes.bad-number", "kubernetes.bad-path", "kubernetes.bad-time",
                "kubernetes.bad-value", "kubernetes.unknown-field",
            ])
    }

    struct Standing: CustomTestStringConvertible {
        var pod: String
        var standing: PodStanding
        var testDescription: String { "\(standing)" }
    }

    @Test(
        "how a pod stands is read out of all the places where Kubernetes says so",
        arguments: [
            Standing(
                pod:
                    #""status": {"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [{"name": "node", "state": {"running": {}}}]}"#,
                standing: .running(address: "10.0.0.1")),
            Standing(
                pod:
                    #""status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]}"#,
                standing: .waiting(code: "Unschedulable", words: "Unschedulable: 0/3 nodes")),
            Standing(
                pod:
                    #""status": {"phase": "Pending", "containerStatuses": [{"name": "node", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}}]}"#,
                standing: .waiting(code: "ImagePullBackOff", words: "ImagePullBackOff: Back-off")),
            Standing(
                pod: #""status": {"phase": "Pending"}"#, standing: .waiting(code: "", words: "it is being started")),
            Standing(
                pod: #""status": {"phase": "Failed", "reason": "Evicted", "message": "low on memory"}"#,
                standing: .over(code: "Evicted", words: "Evicted: low on memory")),
            Standing(
                pod:
                    #""status": {"phase": "Failed", "containerStatuses": [{"name": "node", "state": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}]}"#,
                standing: .over(code: "OOMKilled", words: "OOMKilled: status 137")),
            Standing(
                pod:
                    #""status": {"phase": "Running", "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler", "message": "preempting"}]}"#,
                standing: .waiting(code: "", words: "it is being started")),
        ])
    func standings(_ wanted: Standing) throws {
        let pod = try JSONDecoder().decode(
            Pod.self, from: Data("{\"metadata\": {\"name\": \"p\"}, \(wanted.pod)}".utf8))
        #expect(PodStanding(pod) == wanted.standing)
        let ending = "{\"metadata\": {\"name\": \"p\", \"deletionTimestamp\": \"2026-01-01T00:00:00Z\"}, \(wanted.pod)}"
        guard case .over = PodStanding(try JSONDecoder().decode(Pod.self, from: Data(ending.utf8))) else {
            Issue.record("a pod that is being deleted is taken for one that runs")
            return
        }
    }
}

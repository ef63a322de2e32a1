import SkyCore
import SkyHTTP
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("What Google Cloud is asked for, and answers", .tags(.integration), .timeLimit(.minutes(10)))
struct GoogleCloudTests {
    /// One world for all requests: none of them needs a machine that answers.
    @Test("Google takes what is asked of it for machines of every kind", arguments: kinds)
    func isTaken(_ kind: Kind) async throws {
        try await GoogleUnderTest.use(2) { world in
            let cloud = try world.cloud()
            let request = try world.request("t--\(kind.type)", kind.type, nodes: kind.nodes, kind.change)
            try cloud.check(request)
            try await cloud.create(world.order(request))
            let machines = try await cloud.machines(of: MachineGroupName(token: request.token, region: "us-central1"))
            #expect(machines.map(\.rank) == Array(0..<kind.nodes))
            #expect(machines.allSatisfy { $0.instanceType == kind.type && $0.isSpot == request.isSpot })
            #expect(machines.allSatisfy { $0.region == "us-central1" && $0.run == request.run })
            let body = GoogleAPI.body(
                try InstancePlan(
                    order: world.order(request), project: "p", zone: "us-central1-b", provider: "gcp"
                ).machine(0))
            let text = String(decoding: body, as: UTF8.self)
            for part in kind.says { #expect(text.contains(part), "\(part) in \(text)") }
            for part in kind.isSilentOf { #expect(!text.contains(part), "\(part) in \(text)") }
            try await world.remove(request.token, cloud)
        }
    }

    struct Kind: Sendable, CustomTestStringConvertible {
        var type: String
        var nodes = 1
        var says: [String] = []
        var isSilentOf: [String] = []
        var change: @Sendable (inout NodeGroupRequest) -> Void = { _ in }
        var testDescription: String { "\(type) \(says.first ?? "")" }
    }

    static let kinds: [Kind] = [
        Kind(
            type: "e2-small",
            says: [
                #""onHostMaintenance":"MIGRATE""#, "family/ubuntu-2404-lts-amd64", "pd-balanced",
                "enable-guest-attributes",
                #""provisioningModel":"STANDARD""#, #""sky-token":"sky-t--e2-small-"#,
            ],
            isSilentOf: ["serviceAccounts", "guestAccelerators", "confidential", "instanceTerminationAction"]),
        Kind(
            type: "n2-standard-4", nodes: 2,
            says: [#""provisioningModel":"SPOT""#, #""instanceTerminationAction":"DELETE""#, "diskTypes/pd-extreme"]
        ) {
            $0.isSpot = true
            $0.diskTier = "ultra"
            $0.labels = ["Team": "Über Uns", "1st": "x"]
        },
        Kind(type: "t2a-standard-1", says: ["ubuntu-2404-lts-arm64", #""diskSizeGb":"50""#]) { $0.diskGiB = 50 },
        Kind(
            type: "c3-standard-4",
            says: [#""confidentialInstanceType":"TDX""#, #""nicType":"GVNIC""#, #""onHostMaintenance":"TERMINATE""#]
        ) { $0.capabilities = ["confidential"] },
        Kind(type: "n2d-standard-2", says: [#""confidentialInstanceType":"SEV_SNP""#]) {
            $0.capabilities = ["confidential-sev-snp"]
        },
        Kind(
            type: "n1-standard-8", nodes: 2,
            says: ["acceleratorTypes/nvidia-tesla-t4", #""acceleratorCount":2"#, "common-cu128", "TERMINATE"]
        ) { $0.accelerator = AcceleratorCount(name: "T4", count: 2) },
        Kind(
            type: "g2-standard-4", says: ["common-cu128", "TERMINATE"], isSilentOf: ["guestAccelerators"]
        ) { $0.accelerator = AcceleratorCount(name: "L4", count: 1) },
        Kind(
            type: "e2-standard-4", nodes: 2,
            says: [#""sourceMachineImage":"projects/p/global/machineImages/golden""#], isSilentOf: [#""disks""#]
        ) { $0.image = "https://www.googleapis.com/compute/v1/projects/p/global/machineImages/golden" },
    ]

    @Test(
        "what a family cannot be is refused before anything is asked",
        arguments: [("e2-small", "confidential"), ("c3-standard-4", "confidential-sev-snp"), ("v6e-8", "confidential")])
    func impossible(_ type: String, _ capability: String) async throws {
        try await GoogleUnderTest.use(1) { world in
            let request = try world.request("a", type) { $0.capabilities = [capability] }
            let cloud = try world.cloud()
            let refusal = #expect(throws: ProviderError.self) { try cloud.check(request) }
            #expect(refusal?.kind == .badRequest)
            #expect(try await world.control().calls.isEmpty)
        }
    }

    @Test("a region without a zone is asked for the first that has the machine, the same each time")
    func noZone() async throws {
        try await GoogleUnderTest.use(2) { world in
            let cloud = try world.cloud()
            let request = try world.request("a") { $0.zone = nil }
            try await cloud.create(world.order(request))
            try await cloud.create(world.order(request))
            let machines = try await cloud.machines(of: MachineGroupName(token: "a"))
            #expect(machines.map(\.zone) == ["us-central1-a"])
            let none = try world.request("b", "x9-standard-4") { $0.zone = nil }
            #expect(await refusal { try await cloud.create(world.order(none)) } == .noCapacity)
        }
    }

    @Test("rules that let in are made once, for what needs them")
    func firewall() async throws {
        try await GoogleUnderTest.use(3) { world in
            let cloud = try world.cloud()
            try await cloud.create(world.order(world.request("a")))
            #expect(try await world.control().firewalls == ["sky-default-ssh"])
            try await cloud.create(world.order(world.request("b", nodes: 2) { $0.servicePort = 8080 }))
            let rules = ["sky-default-peers", "sky-default-port-8080", "sky-default-ssh"]
            #expect(try await world.control().firewalls == rules)
            // Who may not make rules has made their own.
            try await world.control(#"{"forget": "firewalls"}"#)
            try await world.control(
                #"{"fail": {"match": "firewalls", "status": 403, "reason": "forbidden", "times": 9}}"#)
            try await world.remove("a", cloud)
            try await cloud.create(world.order(world.request("c")))
            #expect(try await world.control().instances.count == 3)
        }
    }

    // MARK: Refusals

    @Test("what an operation comes to decides what is done next", arguments: ends)
    func operations(_ code: String, _ kind: ProviderError.Kind, _ nodes: Int) async throws {
        try await GoogleUnderTest.use(2) { world in
            let cloud = try world.cloud()
            try await world.control(
                #"{"operation": {"match": "nsert", "code": "\#(code)", "message": "in words", "times": 9}}"#)
            do {
                try await cloud.create(world.order(world.request("a", nodes: nodes)))
                Issue.record("\(code) went through")
            } catch let error as ProviderError {
                #expect(error.kind == kind, "\(error)")
                #expect(error.message.contains("\(code), in words"))
                #expect(error.message.contains("zones/us-central1-b/instances"))
            }
            #expect(try await world.control().instances.isEmpty)
        }
    }

    private static let ends: [(String, ProviderError.Kind, Int)] = [
        ("ZONE_RESOURCE_POOL_EXHAUSTED", .noCapacity, 1), ("ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", .noCapacity, 2),
        ("QUOTA_EXCEEDED", .quota, 1), ("VM_MIN_COUNT_NOT_REACHED", .noCapacity, 2),
        ("INTERNAL_ERROR", .transient, 1), ("NEVER_HEARD_OF", .transient, 1), ("PERMISSIONS_ERROR", .credentials, 1),
    ]

    @Test(
        "trouble that passes is gone through: too many calls, a broken answer, an operation that failed inside Google")
    func passing() async throws {
        try await GoogleUnderTest.use(1) { world in
            let cloud = try world.cloud()
            try await world.control(
                #"{"fail": {"match": "POST .*instances", "status": 403, "reason": "rateLimitExceeded", "times": 1}}"#)
            try await world.control(
                #"{"fail": {"match": "GET .*instances", "status": 502, "body": "<html>bad</html>", "times": 1}}"#)
            try await world.control(
                #"{"operation": {"match": "insert .*instances", "code": "INTERNAL_ERROR", "times": 1}}"#)
            try await world.control(#"{"revoke": true}"#)
            try await cloud.create(world.order(world.request("a")))
            #expect(try await world.control().instances.count == 1)
            // Taken back in the middle of things.
            try await world.control(#"{"revoke": true}"#)
            #expect(try await cloud.machines(of: MachineGroupName(token: "a")).count == 1)
        }
    }

    @Test("refusals of the API are sorted by their reasons", arguments: reasons)
    func refused(_ status: Int, _ reason: String, _ kind: ProviderError.Kind) async throws {
        try await GoogleUnderTest.use(1) { world in
            let cloud = try world.cloud()
            try await world.control(
                #"{"fail": {"match": "POST .*instances", "status": \#(status), "reason": "\#(reason)", "times": 9}}"#)
            do {
                try await cloud.create(world.order(world.request("a")))
                Issue.record("\(reason) went through")
            } catch let error as ProviderError {
                #expect(error.kind == kind)
                #expect(error.message.contains("\(reason) (HTTP \(status)), injected"))
                #expect(!error.message.contains("ya29"))
            }
        }
    }

    private static let reasons: [(Int, String, ProviderError.Kind)] = [
        (403, "quotaExceeded", .quota), (403, "forbidden", .credentials), (403, "accessNotConfigured", .credentials),
        (400, "invalid", .badRequest), (412, "conditionNotMet", .badRequest), (403, "neverHeardOf", .credentials),
        (418, "neverHeardOf", .transient),
    ]

    @Test("each row of the table of errors is what Google's answers with that code come to")
    func everyRow() throws {
        let table = try ErrorTable.read("gcp", in: GoogleUnderTest.providers)
        #expect(table.rows.count > 60)
        for row in table.rows {
            let code = row.code.hasSuffix("*") ? "\(row.code.dropLast())_X" : row.code
            let (name, message, service) = Self.wire(code)
            let body = #"{"error": {"code": 400, "message": "\#(message)", "errors": [{"reason": "\#(name)"}]}}"#
            let answer = GoogleRefusal(
                .init(status: 400, body: Array(body.utf8)), from: service)
            let error = table.error(answer.codes, status: 400, answer.text)
            #expect(error.kind == row.kind, "\(row.code)")
            #expect(error.message.hasPrefix("\(name) (HTTP 400), \(message)"), "\(row.code)")
            #expect(error.message.hasSuffix(row.advice.map { ". \($0)" } ?? message), "\(row.code)")
        }
    }

    /// How a code of the table comes: a word, and what is around it.
    private static func wire(_ code: String) -> (name: String, message: String, service: GoogleAPI.Service) {
        if code == "tpu:QUOTA" { return ("RESOURCE_EXHAUSTED", "Quota limit 'TPUS' has been exceeded", .tpu) }
        if code.hasPrefix("tpu:") { return (String(code.dropFirst(4)), "said", .tpu) }
        let parts = code.split(separator: "/")
        if parts.count == 2 { return (String(parts[0]), "about \(parts[1])", .compute) }
        return (code, "said", .compute)
    }

    @Test("quotas that a plan would exceed are told before anybody agrees, with who asks and where")
    func quotas() async throws {
        try await GoogleUnderTest.use(1) { world in
            let cloud = try world.cloud()
            #expect(try await cloud.obstacles(to: [world.request("a")]).isEmpty)
            try await world.control(#"{"quota": ["us-central1", "INSTANCES", 2]}"#)
            let wanted = [
                try world.request("a", nodes: 2), try world.request("b"),
                try world.request("c", "g2-standard-4", nodes: 5),
                try world.request("d", "v5litepod-4"),
            ]
            let obstacles = try await cloud.obstacles(to: wanted)
            #expect(obstacles.count == 2)
            #expect(obstacles[0].hasPrefix("us-central1: 8 of INSTANCES are wanted, 0 are in use and 2 are allowed; "))
            #expect(
                obstacles[1].hasPrefix("us-central1: 5 of NVIDIA_L4_GPUS are wanted, 0 are in use and 4 are allowed"))
            #expect(await refusal { try await cloud.create(world.order(world.request("a", nodes: 3))) } == .quota)
            let identity = try await cloud.identity()
            #expect(identity.name == "robot@test-project.iam.example")
            #expect(identity.account == GoogleEmulator.project)
            #expect(identity.regions == ["europe-west4", "us-central1", "us-east5"])
        }
    }

    // MARK: TPUs

    @Test("TPUs are called by the catalog's names, and by those of machines that hold small slices", arguments: types)
    func calling(_ name: String, _ accelerator: String?, _ runtime: String?) {
        #expect(TPUType(name)?.acceleratorType == accelerator)
        #expect(TPUType(name)?.runtimeVersion == runtime)
    }

    private static let types: [(String, String?, String?)] = [
        ("v6e-16", "v6e-16", "v2-alpha-tpuv6e"), ("ct6e-standard-4t", "v6e-4", "v2-alpha-tpuv6e"),
        ("v5litepod-16", "v5litepod-16", "v2-alpha-tpuv5-lite"),
        ("ct5lp-hightpu-8t", "v5litepod-8", "v2-alpha-tpuv5-lite"), ("ct5p-hightpu-4t", "v5p-8", "v2-alpha-tpuv5"),
        ("v5p-128", "v5p-128", "v2-alpha-tpuv5"), ("ct4p-hightpu-4t", "v4-8", "tpu-ubuntu2204-base"),
        ("v3-8", "v3-8", "tpu-ubuntu2204-base"), ("n2-standard-4", nil, nil), ("e2-micro", nil, nil),
        ("c4-standard-288-lssd", nil, nil), ("v9-8", nil, nil),
    ]

    @Test("several slices are one request too, however often it is made, and it all goes at once")
    func slices() async throws {
        try await GoogleUnderTest.use(2, boot: 600) { world in
            let cloud = try world.cloud()
            let request = try world.request("s", "v6e-8", nodes: 2) { $0.isSpot = true }
            for _ in 0..<2 { try await cloud.create(world.order(request)) }
            let name = MachineGroupName(token: "s", region: "us-central1", zone: "us-central1-b")
            #expect(try await cloud.machines(of: name).map(\.state) == [.pending])
            try await world.control(#"{"boot": 0}"#)
            var machines: [CloudMachine] = []
            while machines.first?.state != .running {
                try await Task.sleep(for: .milliseconds(50))
                machines = try await cloud.machines(of: name)
            }
            #expect(machines.map(\.rank) == [0, 1])
            #expect(machines.allSatisfy { $0.isSpot && $0.numNodes == 2 })
            guard case .told(let keys) = try await cloud.hostKeys(of: machines[1]) else {
                Issue.record("no host keys")
                return
            }
            #expect(keys.count == 1 && keys[0].hasPrefix("ssh-ed25519 "))
            let pod = try #require(try await world.control().pods.first)
            try await world.control(#"{"suspend": "\#(pod)"}"#)
            let taken = try await cloud.machines(of: name)
            #expect(taken.map(\.state) == [.ended])
            #expect(taken.first?.reason == "Google needed the capacity of this spot TPU")
            try await world.remove("s", cloud)
            #expect(try await world.control().pods.isEmpty)
        }
    }

    @Test(
        "a request for TPUs that fails says by what",
        arguments: [
            (8, "There is no more capacity in the zone", ProviderError.Kind.noCapacity),
            (8, "Quota limit 'TPUV5sPodPerProjectPerZone' has been exceeded", .quota),
            (3, "no such topology", .badRequest),
            (13, "internal", .transient),
        ])
    func failedPod(_ code: Int, _ message: String, _ kind: ProviderError.Kind) async throws {
        try await GoogleUnderTest.use(1) { world in
            let adapter = try world.adapter()
            try await world.control(
                #"{"operation": {"match": "tpu ", "code": \#(code), "message": "\#(message)"}}"#)
            do {
                _ = try await adapter.provision(world.request("a", "v5p-8"))
                Issue.record("it went through")
            } catch let error as ProviderError {
                #expect(error.kind == kind, "\(error)")
                #expect(error.message.contains(message))
            }
            #expect(try await world.control().pods.isEmpty)
        }
    }

    @Test("TPUs that the project has not turned on are none, and no trouble")
    func noTPUs() async throws {
        try await GoogleUnderTest.use(1) { world in
            try await world.control(
                #"{"fail": {"match": "/v2/", "status": 403, "rpc": "PERMISSION_DENIED", "reason": "SERVICE_DISABLED", "times": 99}}"#
            )
            let cloud = try world.cloud()
            #expect(try await cloud.machines(ofRun: nil).isEmpty)
            #expect(try await cloud.remove(MachineGroupName(token: "a")))
            let wanted = try world.request("a", "v6e-4")
            #expect(await refusal { try await cloud.create(world.order(wanted)) } == .credentials)
        }
    }

    // MARK: Names

    @Test("names and labels are what Google allows, and no two tokens share one")
    func names() throws {
        var generator = SeededGenerator(seed: 7)
        let letters = Array("abcXYZ019-_.")
        var seen: Set<String> = []
        for length in 1...200 {
            let token = String((0..<length).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] })
            let names = GoogleNames(token: token)
            let last = names.machine(999)
            #expect(try #/[a-z]([-a-z0-9]{0,61}[a-z0-9])?/#.wholeMatch(in: last) != nil, "\(last)")
            #expect(seen.insert(names.group).inserted)
            #expect(names.rank(of: last) == 999)
            #expect(GoogleNames(token: token + "x").rank(of: last) == nil)
            let id = names.requestID("rank 0")
            #expect(
                try #/[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/#.wholeMatch(in: id) != nil)
            #expect(id != names.requestID("rank 0", attempt: 1) && id == names.requestID("rank 0"))
        }
        #expect(GoogleNames.labelKey("Kosten-Stelle!") == "kosten-stelle-")
        #expect(GoogleNames.labelKey("1st") == "x-1st")
    }

    @Test("host keys are read from a console that prints times before its lines")
    func console() {
        let text = """
            [  9.1] boot
            [  9.2] cloud-init[700]: -----BEGIN SSH HOST KEY KEYS-----
            [  9.2] cloud-init[700]: ecdsa-sha2-nistp256 AAAAE2 root@m
            [  9.2] cloud-init[700]: ssh-ed25519 AAAAC3 root@m
            [  9.3] cloud-init[700]: -----END SSH HOST KEY KEYS-----
            login: ssh-rsa AAAAforged
            """
        #expect(
            ConsoleHostKeys.keys(in: text) == ["ecdsa-sha2-nistp256 AAAAE2", "ssh-ed25519 AAAAC3"])
        #expect(ConsoleHostKeys.keys(in: "nothing").isEmpty)
    }

    @Test("moments are read with the zone that Compute Engine writes them in")
    func moments() throws {
        let moment = try #require(Instant(iso8601: "2026-01-01T00:30:00.123-08:00"))
        #expect(moment == Instant(iso8601: "2026-01-01T08:30:00Z"))
        #expect(Instant(iso8601: "2026-01-01T10:00:00+01:30") == Instant(iso8601: "2026-01-01T08:30:00Z"))
    }
}

import SkyCore
import SkyHTTP
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("Clouds that a file describes", .timeLimit(.minutes(10)))
struct RESTCloudTests {
    @Test("each keeps what every adapter keeps, and nothing is left", arguments: RESTUnderTest.allCases)
    func conformance(_ kind: RESTUnderTest) async throws {
        try await kind.use { world in
            let made = ConformanceKit(
                try world.adapter(), region: kind.region, instanceType: kind.instanceType, nonce: "t1",
                pause: { _ in try? await Task.sleep(for: .milliseconds(100)) })
            let kit = try #require(made)
            for check in ConformanceKit.checks {
                let outcome = await kit.perform(check)
                #expect(outcome.complaint == nil, "\(check.id): \(outcome)")
                #expect(try await world.insides().rented == [], "\(check.id)")
            }
            #expect(try await world.insides().keys <= 1, "a key was registered twice")
        }
    }

    @Test(
        "whoever dies at any call, and whether that was heard or not: one machine, and none after it is given back",
        arguments: [RESTUnderTest.lambda, .runpod])
    func killedAnywhere(_ kind: RESTUnderTest) async throws {
        try await kind.use { world in
            var number = 0
            var wasReached = true
            while wasReached {
                number += 1
                for isHeard in [true, false] {
                    let token = "kill-\(number)-\(isHeard)"
                    let request = try kind.request(token)
                    let before = try await world.insides()
                    let drop = isHeard ? "" : #", "drop": "before""#
                    try await world.rule(#"{"nth": \#(number), "delay": 0.3\#(drop)}"#)
                    let first = try world.adapter()
                    let dying = Task { try await first.provision(request) }
                    wasReached = try await world.reaches(before.log.count + number, or: dying)
                    dying.cancel()
                    _ = try? await dying.value
                    // What was under way is done by now, if it was heard.
                    try await Task.sleep(for: .milliseconds(400))
                    try await world.rule(#"{"reset": true}"#)
                    let second = try world.adapter()
                    let group = try await patiently { try await second.provision(request) }
                    #expect(group.state == .running)
                    #expect(try await world.insides().rented.count == 1, "\(token)")
                    try await patiently { try await second.terminate(token: token) }
                    #expect(try await world.insides().rented == [], "\(token)")
                }
            }
            // A look, the launch, and one look more: how often it looks again is a matter of time.
            #expect(number > 3)
        }
    }

    @Test("a launch whose answer is lost is made once, in a gang too", arguments: RESTUnderTest.allCases)
    func lostAnswer(_ kind: RESTUnderTest) async throws {
        try await kind.use { world in
            let cloud = try world.cloud()
            let order = try world.order(try kind.request("gang-1", nodes: 2))
            try await world.rule(#"{"match": "\#(kind.launch)", "drop": "after"}"#)
            await #expect(throws: ProviderError.self) { try await cloud.create(order) }
            try await cloud.create(order)
            let insides = try await world.insides()
            #expect(insides.made == 2 && insides.rented.count == 2)
            #expect(try await cloud.machines(of: MachineGroupName(token: "gang-1")).map(\.rank) == [0, 1])
            while try await !cloud.remove(MachineGroupName(token: "gang-1")) {
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(try await world.insides().rented == [])
        }
    }

    @Test("a launch that was not heard is waited for as long as it might still come, and then made")
    func notHeard() async throws {
        let kind = RESTUnderTest.lambda
        try await kind.use { world in
            let clock = ManualClock()
            let cloud = try world.cloud(clock: clock)
            try await world.rule(#"{"match": "\#(kind.launch)", "drop": "before"}"#)
            let order = try world.order(try kind.request("late-1"))
            await #expect(throws: ProviderError.self) { try await cloud.create(order) }
            let name = MachineGroupName(token: "late-1")
            #expect(try await !cloud.remove(name), "it may still be coming")
            let calls = try await world.insides().log.count
            async let created: Void = cloud.create(order)
            while try await world.insides().log.count < calls + 2 { try await Task.sleep(for: .milliseconds(50)) }
            #expect(try await world.insides().made == 0)
            clock.advance(.seconds(2))
            try await created
            #expect(try await world.insides().made == 1)
            while try await !cloud.remove(name) { try await Task.sleep(for: .milliseconds(50)) }
        }
    }

    static let refusals: [(RESTUnderTest, String, ProviderError.Kind)] = [
        (.lambda, "capacity", .noCapacity), (.lambda, "quota", .quota), (.lambda, "inactive", .credentials),
        (.lambda, "internal", .transient), (.runpod, "capacity", .noCapacity), (.runpod, "balance", .credentials),
        (.runpod, "invalid", .badRequest), (.runpod, "internal", .transient),
        (.hyperstack, "capacity", .noCapacity), (.hyperstack, "balance", .credentials),
        (.hyperstack, "invalid", .badRequest), (.hyperstack, "internal", .transient),
        (.verda, "capacity", .noCapacity), (.verda, "balance", .credentials), (.verda, "invalid", .badRequest),
        (.verda, "internal", .transient),
    ]

    @Test("what each refuses has its kind, and leaves nothing", arguments: refusals)
    func refusal(_ kind: RESTUnderTest, _ error: String, _ expected: ProviderError.Kind) async throws {
        try await kind.use(hosts: 1) { world in
            let cloud = try world.cloud()
            try await world.rule(#"{"match": "\#(kind.launch)", "error": "\#(error)"}"#)
            let order = try world.order(try kind.request("refused"))
            let refusal = await #expect(throws: ProviderError.self) { try await cloud.create(order) }
            #expect(refusal?.kind == expected, "\(refusal?.message ?? "")")
            #expect(refusal?.message.contains("test-") == false)
            #expect(try await world.insides().made == 0)
        }
    }

    @Test("a refusal for want of machines says where some are")
    func availability() async throws {
        for kind in [RESTUnderTest.lambda, .runpod] {
            try await kind.use(hosts: 1) { world in
                try await world.rule(#"{"match": "\#(kind.launch)", "error": "capacity"}"#)
                let cloud = try world.cloud()
                let order = try world.order(try kind.request("none"))
                let refusal = await #expect(throws: ProviderError.self) { try await cloud.create(order) }
                #expect(refusal?.message.contains("it has some now in") == true, "\(refusal?.message ?? "")")
            }
        }
    }

    @Test("an API that is asked too often is asked later, and launches once", arguments: RESTUnderTest.allCases)
    func throttled(_ kind: RESTUnderTest) async throws {
        try await kind.use(hosts: 1) { world in
            let cloud = try world.cloud()
            try await world.rule(#"{"match": "\#(kind.launch)", "throttle": 1, "times": 2}"#)
            let start = ContinuousClock.now
            try await cloud.create(try world.order(try kind.request("slow")))
            #expect(ContinuousClock.now - start > .seconds(2))
            #expect(try await world.insides().made == 1)
        }
    }

    @Test("lists are read to their last page", arguments: [RESTUnderTest.lambda, .runpod, .hyperstack])
    func pages(_ kind: RESTUnderTest) async throws {
        try await kind.use(hosts: 3, page: 1) { world in
            let cloud = try world.cloud { description in
                guard case .numbered(let parameter, let first, _) = description.list.paging else { return }
                description.list.paging = .numbered(parameter: parameter, first: first, size: 1)
                description.list.endpoint.query = [.init(name: "pageSize", value: .literal(.string("1")))]
            }
            try await cloud.create(try world.order(try kind.request("three", nodes: 3)))
            #expect(try await cloud.machines(ofRun: RunID("run-abcd")).count == 3)
            #expect(try await cloud.machines(ofRun: RunID("run-efgh")).isEmpty)
        }
    }

    @Test("a machine that its cloud has taken ends its group")
    func taken() async throws {
        try await RESTUnderTest.lambda.use(hosts: 1) { world in
            let adapter = try world.adapter()
            let group = try await adapter.provision(try RESTUnderTest.lambda.request("taken"))
            try await world.rule(#"{"take": true}"#)
            let now = try await adapter.describe(token: group.token)
            #expect(now?.state == .lost && now?.reason?.contains("preempted") == true, "\(String(describing: now))")
        }
    }

    @Test("a token that the cloud no longer believes is replaced")
    func tokens() async throws {
        try await RESTUnderTest.verda.use(hosts: 1) { world in
            let cloud = try world.cloud()
            #expect(try await cloud.machines(ofRun: nil).isEmpty)
            #expect(try await cloud.machines(ofRun: nil).isEmpty)
            try await world.rule(#"{"forget_tokens": true}"#)
            #expect(try await cloud.machines(ofRun: nil).isEmpty)
            #expect(try await world.insides().log.count { $0 == "POST /oauth2/token" } == 2)
        }
    }

    @Test("without a key nothing is asked, and the message says where one would be", arguments: RESTUnderTest.allCases)
    func noKey(_ kind: RESTUnderTest) async throws {
        try await kind.use(hosts: 1) { world in
            let cloud = try world.cloud(environment: ["HOME": "/nonexistent"])
            let refusal = await #expect(throws: ProviderError.self) { _ = try await cloud.machines(ofRun: nil) }
            #expect(refusal?.kind == .credentials)
            #expect(refusal?.message.contains(kind == .verda ? "VERDA_CLIENT_ID" : "_API_KEY") == true)
            #expect(try await world.insides().log.isEmpty)
        }
    }

    @Test("spot machines are not asked of a cloud that rents none")
    func spot() async throws {
        try await RESTUnderTest.runpod.use(hosts: 1) { world in
            var request = try RESTUnderTest.runpod.request("spot")
            request.isSpot = true
            let error = #expect(throws: ProviderError.self) { try world.cloud().check(request) }
            #expect(error?.kind == .noCapacity)
        }
    }

    /// What a broker does: passing trouble is asked again.
    private func patiently<Result>(_ body: () async throws -> Result) async throws -> Result {
        for _ in 0..<50 {
            do { return try await body() } catch let error as ProviderError where error.kind == .transient {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        return try await body()
    }
}

extension RESTUnderTest {
    var launch: String {
        switch self {
        case .lambda: "POST /instance-operations/launch"
        case .runpod: "POST /pods"
        case .hyperstack: "POST /core/virtual-machines"
        case .verda: "POST /instances"
        }
    }
}

extension RESTUnderTest.World {
    /// True once so many calls have come in; false when the work was done before.
    fileprivate func reaches<Result>(_ calls: Int, or work: Task<Result, any Error>) async throws -> Bool {
        let isDone = Task {
            _ = try? await work.value
            return true
        }
        defer { isDone.cancel() }
        let finished = FinishedFlag()
        Task {
            _ = await isDone.value
            await finished.set()
        }
        while true {
            if try await insides().log.count >= calls { return true }
            if await finished.isSet { return false }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

private actor FinishedFlag {
    private(set) var isSet = false

    func set() { isSet = true }
}

import SkyCore
import SkyGoogle
import SkyHTTP

/// Google Cloud: machines of Compute Engine, and TPUs.
struct GoogleCloud: IdentifyingCloud {
    let provider: String
    let settings: CloudSection
    let api: GoogleAPI
    private let now: @Sendable () -> Instant

    init(_ provider: String, _ settings: CloudSection, errors: ErrorTable, access: CloudAccess) {
        self.provider = provider
        self.settings = settings
        now = access.now
        let tokens = GoogleTokenSource(
            GoogleSurroundings(
                environment: access.environment, caller: access.caller, tokenFolder: "\(access.cache)/tokens",
                now: access.now))
        api = GoogleAPI(
            provider: provider, tokens: tokens, caller: access.caller, errors: errors, endpoint: settings.endpoint)
    }

    func project() async throws(ProviderError) -> String {
        if let project = settings["project"] { return project }
        let found: String?
        do { found = try await api.tokens.project() } catch {
            throw GoogleFailure(error, provider: provider).error
        }
        guard let found else {
            throw ProviderError(
                .credentials, provider: provider,
                "no project is named: write 'project: …' below '\(provider)' in clouds.yaml, or type: "
                    + "gcloud config set project PROJECT")
        }
        return found
    }

    func compute() async throws(ProviderError) -> ComputeEngine {
        ComputeEngine(api: api, project: try await project(), settings: settings, now: now)
    }

    func pods() async throws(ProviderError) -> TPUPods {
        TPUPods(compute: try await compute())
    }

    // MARK: Machines

    func check(_ request: NodeGroupRequest) throws(ProviderError) {
        guard request.numNodes <= 1000 else {
            throw ProviderError(.quota, provider: provider, "Google makes at most 1,000 machines at once")
        }
        if TPUType(request.instanceType) != nil {
            guard (request.capabilities ?? []).allSatisfy({ !$0.hasPrefix("confidential") }) else {
                throw ProviderError(.badRequest, provider: provider, "TPUs are not confidential")
            }
            guard request.zone != nil else {
                throw ProviderError(.badRequest, provider: provider, "a TPU has to be asked for in a zone")
            }
            return
        }
        let order = MachineOrder(request: request, publicKey: "", settings: settings)
        _ = try InstancePlan(
            order: order, project: "-", zone: request.zone ?? "\(request.region)-a", provider: provider
        )
        .machine(0)
        if request.image == nil, settings.image == nil, request.instanceType.hasPrefix("a4x-") {
            throw ProviderError(
                .badRequest, provider: provider, "machines of the family a4x need an image: name one with 'image_id'")
        }
    }

    func create(_ order: MachineOrder) async throws(ProviderError) {
        if let type = TPUType(order.request.instanceType) {
            try await pods().create(order, type)
        } else {
            try await compute().create(order)
        }
    }

    func machines(of group: MachineGroupName) async throws(ProviderError) -> [CloudMachine] {
        let machines = try await compute().machines(of: group)
        return machines.isEmpty ? try await pods().machines(of: group) : machines
    }

    func machines(ofRun run: RunID?) async throws(ProviderError) -> [CloudMachine] {
        let (compute, pods) = (try await compute(), try await pods())
        async let machines = result { () async throws(ProviderError) in try await compute.machines(ofRun: run) }
        async let workers = result { () async throws(ProviderError) in try await pods.machines(ofRun: run) }
        return try await machines.get() + workers.get()
    }

    func remove(_ group: MachineGroupName) async throws(ProviderError) -> Bool {
        let (compute, pods) = (try await compute(), try await pods())
        async let machines = result { () async throws(ProviderError) in try await compute.remove(group) }
        async let workers = result { () async throws(ProviderError) in try await pods.remove(group) }
        let areGone = try await machines.get()
        let haveGone = try await workers.get()
        return areGone && haveGone
    }

    func obstacleToStopping(_ request: NodeGroupRequest) -> String? {
        if TPUType(request.instanceType) != nil { return "Google does not stop slices of TPUs" }
        return request.isSpot ? "Google takes spot machines, and does not promise that they start again" : nil
    }

    func stop(_ group: MachineGroupName) async throws(ProviderError) -> Bool { try await compute().stop(group) }

    func start(_ group: MachineGroupName) async throws(ProviderError) { try await compute().start(group) }

    func hostKeys(of machine: CloudMachine) async throws(ProviderError) -> HostKeys {
        if TPUType(machine.instanceType) != nil { return try await pods().hostKeys(of: machine) }
        return try await compute().hostKeys(of: machine)
    }

    private func result<Value: Sendable>(
        _ body: @Sendable () async throws(ProviderError) -> Value
    ) async -> Result<Value, ProviderError> {
        do throws(ProviderError) { return .success(try await body()) } catch { return .failure(error) }
    }

    // MARK: Who asks

    func identity() async throws(ProviderError) -> CloudIdentity {
        let identity: GoogleIdentity
        do { identity = try await api.tokens.identity() } catch {
            throw GoogleFailure(error, provider: provider).error
        }
        let regions = try await compute().regions()
        return CloudIdentity(
            name: identity.account, account: settings["project"] ?? identity.project, source: identity.source,
            regions: regions)
    }

    func obstacles(to requests: [NodeGroupRequest]) async throws(ProviderError) -> [String] {
        try await GoogleQuotas(compute: compute()).obstacles(to: requests)
    }
}

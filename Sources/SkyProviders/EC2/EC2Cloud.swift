public import SkyAWS
public import SkyCore
import Synchronization

/// Machines of Amazon EC2.
///
/// One `RunInstances` makes a whole group: all machines or none, whose rank is their launch index. What is found out about a region is
/// remembered for a while; what has been rented is asked for each time, many groups in one call.
public final class EC2Cloud: IdentifyingCloud {
    public let provider: String
    let settings: CloudSection
    let errors: ErrorTable
    let quotas: EC2QuotaTable
    private let identity: AWSIdentity
    private let sites = Mutex<[String: EC2Site]>([:])
    private let pageSize: Int

    /// - Parameters:
    ///   - settings: `profile`, `regions`, `endpoint`, `subnet`, `vpc`, `security_group`, `instance_profile`, `image`
    ///   - pageSize: how many machines come in one answer of a list.
    public init(
        provider: String, settings: CloudSection, identity: AWSSettings, errors: ErrorTable,
        quotas: EC2QuotaTable = EC2QuotaTable(), pageSize: Int = 1000
    ) {
        self.provider = provider
        self.settings = settings
        self.identity = AWSIdentity(identity)
        self.errors = errors
        self.quotas = quotas
        self.pageSize = pageSize
    }

    func site(_ region: String) -> EC2Site {
        sites.withLock { sites in
            if let known = sites[region] { return known }
            let new = EC2Site(
                EC2Region(region, endpoint: settings.endpoint, as: identity, errors), pageSize: pageSize)
            sites[region] = new
            return new
        }
    }

    func error(_ kind: ProviderError.Kind, _ message: String) -> ProviderError {
        ProviderError(kind, provider: provider, message)
    }

    public func check(_ request: NodeGroupRequest) throws(ProviderError) {
        if request.diskTier == "low", let size = request.diskGiB, size > EC2Disk.mostOfLow {
            throw error(.badRequest, "magnetic disks (disk_tier: low) have at most \(EC2Disk.mostOfLow) GiB")
        }
        for (key, value) in request.labels {
            guard !key.lowercased().hasPrefix("aws:"), (1...127).contains(key.utf16.count), value.utf16.count <= 255
            else {
                throw error(.badRequest, "label '\(key)' cannot be a tag: 127 characters, values 255, not 'aws:…'")
            }
        }
        // Ours, with the name, and fifty in all.
        guard request.labels.count <= 45 else { throw error(.badRequest, "a machine takes at most 45 labels") }
    }

    // MARK: Looking

    public func machines(of group: MachineGroupName) async throws(ProviderError) -> [CloudMachine] {
        if let region = group.region { return try await site(region).machinesOfLastOrder(group.token) }
        return try await everywhere { survey async throws(AWSError) in
            try await survey.machines(withTag: MachineTag.token, of: [group.token])
        }
    }

    public func machines(ofRun run: RunID?) async throws(ProviderError) -> [CloudMachine] {
        try await everywhere { survey async throws(AWSError) in try await survey.living(ofRun: run) }
    }

    /// Asks all regions at once; those that are closed to the account are passed over, as long as one is not.
    private func everywhere(
        _ ask: @escaping @Sendable (EC2Survey) async throws(AWSError) -> [CloudMachine]
    ) async throws(ProviderError) -> [CloudMachine] {
        let regions = try await regions()
        let answers = await withTaskGroup(of: Result<[CloudMachine], AWSError>.self) { tasks in
            for region in regions {
                let survey = EC2Survey(region: site(region).region, pageSize: pageSize)
                tasks.addTask {
                    do throws(AWSError) { return .success(try await ask(survey)) } catch { return .failure(error) }
                }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        var all: [CloudMachine] = []
        var refusal: AWSError?
        var anybodyAnswered = false
        for answer in answers {
            switch answer {
            case .success(let machines):
                anybodyAnswered = true
                all += machines
            case .failure(let error):
                guard EC2Regions.isClosed(error) else { throw errors.providerError(error) }
                refusal = error
            }
        }
        if let refusal, !anybodyAnswered { throw errors.providerError(refusal) }
        return all
    }

    public func identity() async throws(ProviderError) -> CloudIdentity {
        do throws(AWSError) {
            let home = site(home).region
            let answer = try await home.callerIdentity()
            let result = answer.first("GetCallerIdentityResult")
            return CloudIdentity(
                name: result?.text("Arn") ?? "", account: result?.text("Account"), source: try await identity.place(),
                regions: try? await EC2Regions.enabled(askedOf: home))
        } catch { throw errors.providerError(error) }
    }

    private var home: String { settings.regions?.first ?? identity.settings.region ?? "us-east-1" }

    /// Where anything of ours can be.
    private func regions() async throws(ProviderError) -> [String] {
        if let named = settings.regions, !named.isEmpty { return named }
        do throws(AWSError) { return try await EC2Regions.enabled(askedOf: site(home).region) } catch {
            throw errors.providerError(error)
        }
    }

    public func hostKeys(of machine: CloudMachine) async throws(ProviderError) -> HostKeys {
        let region = site(machine.region).region
        let answer: XMLElement
        do throws(AWSError) {
            // What is on the console now; older kinds of machines only have what was there after the boot.
            do throws(AWSError) { answer = try await console(of: machine.id, isLatest: true, region) } catch {
                guard error.code == "UnsupportedOperation" else { throw error }
                answer = try await console(of: machine.id, isLatest: false, region)
            }
        } catch { throw errors.providerError(error) }
        return EC2HostKeys.keys(inConsole: answer.text("output") ?? "")
    }

    private func console(of id: String, isLatest: Bool, _ region: EC2Region) async throws(AWSError) -> XMLElement {
        try await region.refusable("GetConsoleOutput") { query in
            query.set("InstanceId", id)
            if isLatest { query.set("Latest", true) }
        }
    }
}

/// Which regions an account may use.
enum EC2Regions {
    static func enabled(askedOf home: EC2Region) async throws(AWSError) -> [String] {
        let answer = try await home.refusable("DescribeRegions") { _ in }
        let items = answer.first("regionInfo")?.all("item") ?? []
        return items.filter { $0.text("optInStatus") != "not-opted-in" }.compactMap { $0.text("regionName") }
    }

    /// True of a region that was just turned on or off, or that an organisation has closed: nothing can be rented there either.
    static func isClosed(_ error: AWSError) -> Bool {
        switch error.code {
        case "OptInRequired", "UnrecognizedClientException", "InvalidClientTokenId": true
        case "AuthFailure": error.message.contains("not able to validate")
        case "UnauthorizedOperation": error.message.contains("service control policy")
        default: false
        }
    }
}

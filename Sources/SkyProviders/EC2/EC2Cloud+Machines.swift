import SkyAWS
import SkyCore

extension EC2Cloud {
    public func create(_ order: MachineOrder) async throws(ProviderError) {
        let request = order.request
        let site = site(request.region)
        let known = try await site.machines(of: request.token)
        if known.contains(where: \.isAlive) { return }
        let facts = try await facts(of: request.instanceType, site)
        try check(request, facts)
        let wantedImage = request.image ?? order.settings.image
        async let image = outcome { () throws(ProviderError) in
            try await EC2ImageFinder(site: site).image(wantedImage, for: facts, request.instanceType)
        }
        async let network = outcome { () throws(ProviderError) in
            try await EC2NetworkFinder(site: site, settings: order.settings).network(
                zone: request.zone, machines: request.numNodes, port: request.servicePort,
                usesFabric: EC2Order.usesFabric(request, facts))
        }
        var group: String?
        if EC2Order.usesPlacementGroup(request, facts) {
            group = EC2Order.placementGroup(request.token)
            try await makePlacementGroup(request, site.region)
        }
        let token = EC2Order.clientToken(request.token, after: known.map(\.id))
        let call = EC2Order(
            order, facts: facts, image: try await image.get(), network: try await network.get(), clientToken: token,
            placementGroup: group)
        try await run(call, request, site)
    }

    private func run(_ call: EC2Order, _ request: NodeGroupRequest, _ site: EC2Site) async throws(ProviderError) {
        let answer: XMLElement
        do throws(AWSError) {
            // EC2 makes large groups in minutes, and small ones in seconds.
            answer = try await site.region.refusable("RunInstances", limit: .seconds(180)) { call.fill(&$0) }
        } catch {
            // What is remembered of the region is out of date.
            if EC2Cloud.isAboutThingsFound(error.code) {
                await site.forgetAll()
                throw self.error(.transient, error.message)
            }
            throw errors.providerError(error)
        }
        let ids = answer.first("instancesSet")?.all("item").compactMap { $0.text("instanceId") } ?? []
        site.made(ids, for: request.token)
    }

    /// Something that was found by asking, and is gone now. What a person's settings name was found by asking too.
    private static func isAboutThingsFound(_ code: String) -> Bool {
        ["InvalidGroup.NotFound", "InvalidSubnetID.NotFound", "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"]
            .contains(code)
    }

    func facts(of type: String, _ site: EC2Site) async throws(ProviderError) -> EC2TypeFacts {
        let (region, provider) = (site.region, provider)
        return try await site.types.value(type) { () throws(ProviderError) in
            let answer = try await region.call("DescribeInstanceTypes") { $0.list("InstanceType", [type]) }
            guard let item = answer.first("instanceTypeSet")?.first("item"), let facts = EC2TypeFacts(item) else {
                throw ProviderError(
                    .noCapacity, provider: provider, "\(region.name) has no machines of type \(type)")
            }
            return facts
        }
    }

    /// What was asked for and the type cannot do must not be rented without it.
    private func check(_ request: NodeGroupRequest, _ facts: EC2TypeFacts) throws(ProviderError) {
        let place = "\(request.instanceType) in \(request.region)"
        if request.wantsEncryptedMemory, !facts.canEncryptMemory {
            throw error(.noCapacity, "\(place) has no AMD SEV-SNP, and the stage asks for confidential machines")
        }
        if request.wantsEnclaves, !facts.canHaveEnclaves {
            throw error(.noCapacity, "\(place) has no Nitro enclaves, and the stage asks for them")
        }
    }

    // MARK: Giving back

    public func remove(_ group: MachineGroupName) async throws(ProviderError) -> Bool {
        var regions = [group.region].compactMap(\.self)
        if regions.isEmpty { regions = Set(try await machines(of: group).map(\.region)).sorted() }
        var isAllGone = true
        for region in regions where try await !remove(group.token, site(region)) { isAllGone = false }
        return isAllGone
    }

    private func remove(_ token: String, _ site: EC2Site) async throws(ProviderError) -> Bool {
        let known = try await site.machines(of: token)
        let unlisted = Set(site.lately(madeFor: token)).subtracting(known.map(\.id))
        let living = known.filter { $0.state != .ended }.map(\.id) + unlisted.sorted()
        guard living.isEmpty else {
            let wanted = site.notYetEnding(living)
            guard !wanted.isEmpty else { return false }
            do throws(AWSError) {
                _ = try await site.region.refusable("TerminateInstances") { $0.list("InstanceId", wanted) }
                site.ending(wanted)
            } catch {
                // Not everywhere known yet, or forgotten already: the next look tells.
                guard error.code == "InvalidInstanceID.NotFound" else { throw errors.providerError(error) }
                if known.isEmpty { return unlisted.isEmpty }
            }
            return false
        }
        let isGang = known.isEmpty || known.contains { $0.numNodes > 1 }
        return isGang ? try await removePlacementGroup(of: token, site.region) : true
    }

    // MARK: Placement groups

    private func makePlacementGroup(_ request: NodeGroupRequest, _ region: EC2Region) async throws(ProviderError) {
        do throws(AWSError) {
            _ = try await region.refusable("CreatePlacementGroup") { query in
                query.set("GroupName", EC2Order.placementGroup(request.token))
                query.set("Strategy", "cluster")
                query.tags(
                    "TagSpecification.1", on: "placement-group",
                    [MachineTag.run: "\(request.run)", MachineTag.token: request.token])
            }
        } catch {
            guard error.code == "InvalidPlacementGroup.Duplicate" else { throw errors.providerError(error) }
        }
    }

    /// False while EC2 still counts machines in it.
    private func removePlacementGroup(of token: String, _ region: EC2Region) async throws(ProviderError) -> Bool {
        let name = EC2Order.placementGroup(token)
        do throws(AWSError) {
            let found = try await region.pages("DescribePlacementGroups", set: "placementGroupSet") {
                $0.filter("group-name", [name])
            }
            guard found.contains(where: { $0.text("state") != "deleted" }) else { return true }
            _ = try await region.refusable("DeletePlacementGroup") { $0.set("GroupName", name) }
            return false
        } catch {
            switch error.code {
            case "InvalidPlacementGroup.Unknown": return true
            case "InvalidPlacementGroup.InUse": return false
            // Whoever may not ask has never made one.
            case "UnauthorizedOperation": return true
            default: throw errors.providerError(error)
            }
        }
    }
}

/// A call as a value, for those that go on side by side.
private func outcome<Value: Sendable>(
    _ body: @Sendable () async throws(ProviderError) -> Value
) async -> Result<Value, ProviderError> {
    do throws(ProviderError) { return .success(try await body()) } catch { return .failure(error) }
}

import SkyCore

/// Makes of an order what Compute Engine is told.
struct InstancePlan {
    let order: MachineOrder
    let project: String
    let zone: String
    let provider: String

    private var request: NodeGroupRequest { order.request }
    private var settings: CloudSection { order.settings }
    private var family: MachineFamily { MachineFamily(ofType: request.instanceType) }
    private var names: GoogleNames { GoogleNames(token: request.token) }
    private var region: String { String(zone.prefix(upTo: zone.lastIndex(of: "-") ?? zone.endIndex)) }

    var image: GoogleImage { GoogleImage(request: request, settings: settings, project: project) }

    /// One machine.
    func machine(_ rank: Int) throws(ProviderError) -> InstanceBody {
        var body = try properties { kind, name in "zones/\(zone)/\(kind)/\(name)" }
        body.name = names.machine(rank)
        return body
    }

    /// All of them; only what has no image of a whole machine.
    func bulk() throws(ProviderError) -> BulkBody {
        let count = String(request.numNodes)
        let all = (0..<request.numNodes).map { names.machine($0) }
        // Here kinds of machines, disks and GPUs go by their bare names.
        return BulkBody(
            count: count, minCount: count, instanceProperties: try properties { _, name in name },
            perInstanceProperties: Dictionary(uniqueKeysWithValues: all.map { ($0, BulkBody.Own(name: $0)) }))
    }

    private func properties(
        _ link: (_ kind: String, _ name: String) -> String
    ) throws(ProviderError) -> InstanceBody {
        let confidential = try family.confidential(for: request.capabilities ?? [], provider: provider)
        let accelerators = try attachedAccelerators(link)
        let mayMove =
            !request.isSpot && confidential == nil && accelerators == nil && !family.hasOwnGPUs
            && !["h3", "h4d", "z3"].contains(family.name)
        let labels = labels
        var body = InstanceBody(
            networkInterfaces: [interface(isConfidential: confidential != nil)],
            scheduling: InstanceBody.Scheduling(
                provisioningModel: request.isSpot ? "SPOT" : "STANDARD",
                instanceTerminationAction: request.isSpot ? "DELETE" : nil,
                onHostMaintenance: mayMove ? "MIGRATE" : "TERMINATE"),
            guestAccelerators: accelerators,
            confidentialInstanceConfig: confidential.map { .init(confidentialInstanceType: $0.rawValue) },
            serviceAccounts: settings["service_account"].map { [InstanceBody.Account(email: $0)] },
            labels: labels, metadata: InstanceBody.Metadata(items: metadata),
            tags: InstanceBody.Tags(items: GoogleFirewall.tags(for: request)))
        body.description = "sky: run \(request.run)"
        body.machineType = link("machineTypes", request.instanceType)
        if case .machine(let path) = image {
            body.sourceMachineImage = path
            return body
        }
        let disk = family.disk(request.diskTier)
        body.disks = [
            InstanceBody.Disk(
                interface: confidential == nil ? nil : "NVME",
                initializeParams: InstanceBody.Disk.Parameters(
                    sourceImage: image.path, diskSizeGb: request.diskGiB.map { String($0) },
                    diskType: link("diskTypes", disk.type), provisionedIops: disk.iops.map { String($0) },
                    labels: labels))
        ]
        return body
    }

    private func attachedAccelerators(
        _ link: (_ kind: String, _ name: String) -> String
    ) throws(ProviderError) -> [InstanceBody.Accelerator]? {
        guard let accelerator = request.accelerator, !family.hasOwnGPUs else { return nil }
        guard let type = MachineFamily.acceleratorType(accelerator.name) else {
            throw ProviderError(
                .badRequest, provider: provider,
                "a GPU '\(accelerator.name)' cannot be attached to \(request.instanceType)")
        }
        return [
            InstanceBody.Accelerator(
                acceleratorType: link("acceleratorTypes", type), acceleratorCount: Int(accelerator.count))
        ]
    }

    private func interface(isConfidential: Bool) -> InstanceBody.Interface {
        let network = settings["network"].map { $0.contains("/") ? $0 : "projects/\(project)/global/networks/\($0)" }
        let subnetwork = settings["subnetwork"].map {
            $0.contains("/") ? $0 : "projects/\(project)/regions/\(region)/subnetworks/\($0)"
        }
        // The network follows from the subnetwork.
        return InstanceBody.Interface(
            network: network ?? (subnetwork == nil ? "global/networks/default" : nil), subnetwork: subnetwork,
            nicType: isConfidential ? "GVNIC" : nil,
            accessConfigs: settings.isReachedPrivately ? nil : [InstanceBody.Interface.Access()])
    }

    /// Labels are for lists and the console; the token itself does not fit into one.
    var labels: [String: String] {
        var labels: [String: String] = [:]
        for (key, value) in request.labels {
            if let key = GoogleNames.labelKey(key) { labels[key] = GoogleNames.label(value) }
        }
        labels[MachineTag.run] = GoogleNames.label("\(request.run)")
        labels[MachineTag.token] = names.group
        labels[MachineTag.nodes] = String(request.numNodes)
        return labels
    }

    /// Sorted by key.
    var metadataFields: [String: String] {
        [
            "ssh-keys": "\(MachineLogin.user):\(order.publicKey)",
            "user-data": order.cloudInit,
            // Only Sky's own key gets in, and by nothing but that.
            "block-project-ssh-keys": "TRUE", "enable-oslogin": "FALSE",
            // The machine tells its host keys there.
            "enable-guest-attributes": "TRUE",
            MachineTag.token: request.token, MachineTag.run: "\(request.run)",
        ]
    }

    private var metadata: [InstanceBody.Metadata.Item] {
        metadataFields.sorted { $0.key < $1.key }.map { InstanceBody.Metadata.Item(key: $0.key, value: $0.value) }
    }
}

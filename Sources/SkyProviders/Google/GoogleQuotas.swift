import SkyCore
import SkyHTTP

/// What a project may have, held against what is wanted of it.
struct GoogleQuotas {
    let compute: ComputeEngine

    func obstacles(to requests: [NodeGroupRequest]) async throws(ProviderError) -> [String] {
        var found: [String] = []
        let ordinary = requests.filter { TPUType($0.instanceType) == nil }
        for (region, wanted) in Dictionary(grouping: ordinary, by: \.region).sorted(by: { $0.key < $1.key }) {
            do throws(GoogleFailure) {
                found += try await obstacles(to: wanted, in: region)
            } catch {
                // Whoever may not look at quotas learns of them when machines are refused.
                guard error.isForbidden else { throw error.error }
            }
        }
        return found
    }

    private func obstacles(
        to requests: [NodeGroupRequest], in region: String
    ) async throws(GoogleFailure) -> [String] {
        let quotas = try await compute.api.answer(Compute.Region.self, compute.call(.get, "/regions/\(region)")).quotas
        let byMetric = Dictionary((quotas ?? []).map { ($0.metric, $0) }, uniquingKeysWith: { first, _ in first })
        var needs: [String: Double] = [:]
        for request in requests {
            let zone = request.zone ?? "\(region)-a"
            guard let type = try? await compute.machineType(request.instanceType, zone: zone) else { continue }
            for (metric, amount) in need(of: request, type, byMetric) { needs[metric, default: 0] += amount }
        }
        return needs.sorted { $0.key < $1.key }.compactMap { metric, amount in
            guard let quota = byMetric[metric], quota.usage + amount > quota.limit else { return nil }
            return "\(region): \(Int(amount)) of \(metric) are wanted, \(Int(quota.usage)) are in use and "
                + "\(Int(quota.limit)) are allowed; ask for more at "
                + "https://console.cloud.google.com/iam-admin/quotas?project=\(compute.project)"
        }
    }

    private func need(
        of request: NodeGroupRequest, _ type: Compute.MachineType, _ quotas: [String: Compute.Quota]
    ) -> [(String, Double)] {
        let nodes = Double(request.numNodes)
        let family = MachineFamily(ofType: request.instanceType).name.uppercased()
        // Spot machines count for quotas of their own where a project has some.
        func metric(_ name: String) -> String {
            let own = "PREEMPTIBLE_\(name)"
            return request.isSpot && (quotas[own]?.limit ?? 0) > 0 ? own : name
        }
        let processors = quotas["\(family)_CPUS"] == nil ? "CPUS" : "\(family)_CPUS"
        var needs = [
            (
                request.isSpot ? metric("CPUS") == "CPUS" ? processors : "PREEMPTIBLE_CPUS" : processors,
                Double(type.guestCpus) * nodes
            ),
            ("INSTANCES", nodes),
        ]
        if !compute.settings.isReachedPrivately { needs.append(("IN_USE_ADDRESSES", nodes)) }
        for accelerator in type.accelerators ?? [] {
            needs.append(
                (
                    metric(Self.metric(of: accelerator.guestAcceleratorType)),
                    Double(accelerator.guestAcceleratorCount) * nodes
                ))
        }
        if let attached = request.accelerator, type.accelerators == nil,
            let name = MachineFamily.acceleratorType(attached.name)
        {
            needs.append((metric(Self.metric(of: name)), Double(attached.count) * nodes))
        }
        return needs
    }

    /// `nvidia-tesla-t4` is counted as `NVIDIA_T4_GPUS`.
    private static func metric(of accelerator: String) -> String {
        accelerator.uppercased().replacing("-TESLA", with: "").replacing("-", with: "_") + "_GPUS"
    }
}

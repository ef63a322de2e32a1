import SkyCore
import SkyHTTP
import SkyProcess

/// Makes each provider's adapter, and says whether and how it can be used.
struct AdapterMaker {
    let stateDirectory: String
    let agentExecutable: String
    let pools: SSHPools
    let clusters: SlurmClusters
    let kubernetes: KubernetesClusters
    let clouds: CloudAccess?
    let environment: [String: String]

    func make(_ profile: AdapterProfile) -> (any ProviderAdapter, ProviderAvailability) {
        var (adapter, found) = adapter(for: profile)
        if !Files.exists(agentExecutable) {
            found.status = .unusable
            found.reason = "there is no program \(agentExecutable) to run nodes with"
        }
        if !GroupFolder.isName(profile.name) {
            found.status = .unusable
            found.reason = "'\(profile.name)' cannot be a provider's name"
            adapter = ClosedAdapter(provider: profile.name, reason: found.reason)
        }
        return (adapter, found)
    }

    private func adapter(for profile: AdapterProfile) -> (any ProviderAdapter, ProviderAvailability) {
        let name = profile.name
        switch profile.adapter {
        case "local":
            let adapter = LocalAdapter(
                provider: name, stateDirectory: stateDirectory, agentExecutable: agentExecutable)
            return (adapter, ProviderAvailability(profile, .usable, "this machine's own cores"))
        case "ssh":
            let adapter = SSHAdapter(
                provider: name, pools: pools, stateDirectory: stateDirectory, agentExecutable: agentExecutable,
                environment: environment)
            return (adapter, availability(ofHosts: profile))
        case "slurm":
            let adapter = SlurmAdapter(
                provider: name, clusters: clusters, stateDirectory: stateDirectory, agentExecutable: agentExecutable,
                environment: environment)
            return (adapter, availability(ofClusters: profile))
        case "kubernetes": return clusters(profile)
        case "mock":
            return (
                standIn(name), ProviderAvailability(profile, .standIn, "for tests; nodes are processes of this machine")
            )
        default: return cloud(profile)
        }
    }

    private func standIn(_ name: String) -> StandInAdapter {
        StandInAdapter(provider: name, stateDirectory: stateDirectory, agentExecutable: agentExecutable)
    }

    private func availability(ofHosts profile: AdapterProfile) -> ProviderAvailability {
        let hosts = pools.hosts.count
        guard hosts > 0 else {
            return ProviderAvailability(profile, .unusable, "no hosts: name yours in ssh.yaml (docs/ssh.md)")
        }
        return ProviderAvailability(
            profile, .usable,
            "hosts of your own: \(hosts) in \(pools.pools.count == 1 ? "pool" : "pools")"
                + " \(pools.pools.map(\.name).joined(separator: ", "))")
    }

    private func availability(ofClusters profile: AdapterProfile) -> ProviderAvailability {
        let names = clusters.clusters.map(\.name)
        guard !names.isEmpty else {
            return ProviderAvailability(profile, .unusable, "no clusters: name yours in slurm.yaml (docs/slurm.md)")
        }
        return ProviderAvailability(
            profile, .usable, "\(names.count == 1 ? "cluster" : "clusters") \(names.joined(separator: ", "))")
    }

    // MARK: Kubernetes

    /// Without clusters of one's own it is stood in for, as a cloud is.
    private func clusters(_ profile: AdapterProfile) -> (any ProviderAdapter, ProviderAvailability) {
        let name = profile.name
        let root = "\(stateDirectory)/nodes/\(name)"
        let names = kubernetes.clusters.map(\.name)
        guard !names.isEmpty else {
            let rented = GroupStore<KubernetesGroupRecord>(root: root).all().count
            guard rented == 0 else {
                return closed(
                    profile,
                    "\(rented) of its groups still \(rented == 1 ? "has" : "have") pods: put their cluster back into kubernetes.yaml"
                )
            }
            return (
                standIn(name),
                ProviderAvailability(
                    profile, .standIn,
                    "no clusters: name yours in kubernetes.yaml (docs/kubernetes.md); nodes are processes of this machine"
                )
            )
        }
        let errors: ErrorTable
        do throws(DiagnosticsError) {
            if let clouds {
                errors = try ErrorTable.read(name, in: clouds.providers)
            } else {
                errors = ErrorTable(provider: name)
            }
        } catch {
            return closed(
                profile, "its data cannot be used: \(error.diagnostics.map(\.message).joined(separator: "; "))")
        }
        let real = KubernetesAdapter(
            provider: name, clusters: kubernetes, stateDirectory: stateDirectory, agentExecutable: agentExecutable,
            cacheFolder: "\(clouds?.cache ?? stateDirectory)/kubernetes", errors: errors, environment: environment,
            caller: clouds?.caller ?? HTTPCaller())
        var found = ProviderAvailability(
            profile, .usable, "\(names.count == 1 ? "cluster" : "clusters") \(names.joined(separator: ", "))")
        // Each cluster says by itself whom it takes us for.
        found.credentials = []
        return (real, found)
    }

    // MARK: Clouds

    private func cloud(_ profile: AdapterProfile) -> (any ProviderAdapter, ProviderAvailability) {
        let root = "\(stateDirectory)/nodes/\(profile.name)"
        do throws(DiagnosticsError) {
            if let clouds, let section = clouds.section(of: profile),
                let cloud = try clouds.cloud(of: profile, notes: root)
            {
                let real = MachineAdapter(
                    cloud, settings: section, settingsPath: clouds.settings.path, stateDirectory: stateDirectory,
                    agentExecutable: agentExecutable, environment: environment)
                return (
                    RentedOrStoodIn(real: real, standIn: standIn(profile.name), root: root),
                    ProviderAvailability(profile, .usable, reason(clouds, profile))
                )
            }
        } catch {
            let reason = "its data cannot be used: \(error.diagnostics.map(\.message).joined(separator: "; "))"
            return closed(profile, reason)
        }
        let rented = GroupStore<MachineRecord>(root: root).all().count
        if rented > 0 {
            return closed(
                profile,
                "\(rented) \(rented == 1 ? "group is" : "groups are") still rented there: put '\(profile.name)' back into clouds.yaml"
            )
        }
        return (standIn(profile.name), ProviderAvailability(profile, .standIn, wordsOfStandIn(profile)))
    }

    private func reason(_ clouds: CloudAccess, _ profile: AdapterProfile) -> String {
        clouds.settings.sections[profile.name] == nil
            ? "machines are rented by a program of your own" : "machines are rented: \(clouds.settings.path) names it"
    }

    private func closed(_ profile: AdapterProfile, _ reason: String) -> (any ProviderAdapter, ProviderAvailability) {
        (ClosedAdapter(provider: profile.name, reason: reason), ProviderAvailability(profile, .unusable, reason))
    }

    private func wordsOfStandIn(_ profile: AdapterProfile) -> String {
        let words = "nodes are processes of this machine, prices are \(profile.name)'s"
        let found = profile.credentials.first(where: \.isPresent)?.place
        guard CloudAccess.adapters.contains(profile.adapter) else {
            return "no adapter for the real cloud in this version; \(words)"
                + (found.map { "; the credentials in \($0) are not used" } ?? "")
        }
        return "\(words); to rent machines: sky provider use \(profile.name)"
            + (found.map { ", with the credentials in \($0)" } ?? "")
    }
}

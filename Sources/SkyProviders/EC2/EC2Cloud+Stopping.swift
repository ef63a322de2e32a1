import SkyAWS
import SkyCore

extension EC2Cloud {
    public func obstacleToStopping(_ request: NodeGroupRequest) -> String? {
        request.isSpot ? "EC2 does not stop spot machines that were asked for once" : nil
    }

    public func stop(_ group: MachineGroupName) async throws(ProviderError) -> Bool {
        let (site, machines) = try await standing(group)
        let running = machines.filter(\.isAlive).map(\.id)
        if !running.isEmpty { try await change(running, "StopInstances", site) }
        return machines.allSatisfy { $0.state == .stopped || $0.state == .ended }
    }

    public func start(_ group: MachineGroupName) async throws(ProviderError) {
        let (site, machines) = try await standing(group)
        guard !machines.contains(where: { $0.state == .ending }) else {
            throw error(.transient, "the machines of \(group.token) are still being stopped")
        }
        let stopped = machines.filter { $0.state == .stopped }.map(\.id)
        if !stopped.isEmpty { try await change(stopped, "StartInstances", site) }
    }

    private func standing(_ group: MachineGroupName) async throws(ProviderError) -> (EC2Site, [CloudMachine]) {
        guard let region = group.region else {
            throw error(.lost, "nothing is written down here of \(group.token)")
        }
        let site = site(region)
        return (site, try await site.machines(of: group.token).filter { $0.state != .ended })
    }

    private func change(_ ids: [String], _ action: String, _ site: EC2Site) async throws(ProviderError) {
        do throws(AWSError) {
            _ = try await site.region.refusable(action, limit: .seconds(180)) { $0.list("InstanceId", ids) }
        } catch {
            // One that boots or stops: it takes the call a moment later.
            guard error.code != "IncorrectInstanceState" else { throw self.error(.transient, error.message) }
            throw errors.providerError(error)
        }
    }
}

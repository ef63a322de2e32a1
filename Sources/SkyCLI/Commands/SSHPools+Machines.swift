import SkyCatalog
import SkyProviders

extension SSHPools {
    /// The pools as the catalog has them: hosts of one shape, in one zone of a pool, are one offer.
    var machines: [OwnMachines] {
        struct Kind: Hashable {
            var shape: SSHShape
            var zone: String?
        }
        var all: [OwnMachines] = []
        for pool in pools {
            let region = ProviderProfile.Region(
                name: pool.name, country: pool.country, continent: pool.continent, place: pool.place)
            var kinds: [Kind] = []
            for host in pool.hosts {
                let kind = Kind(shape: host.shape, zone: host.zone)
                if !kinds.contains(kind) { kinds.append(kind) }
            }
            for kind in kinds {
                all.append(
                    OwnMachines(
                        provider: "ssh", region: region, zone: kind.zone, machineType: kind.shape.machineType,
                        cpus: kind.shape.cores, memoryGiB: kind.shape.memoryGiB, accelerator: kind.shape.accelerator,
                        capabilities: kind.shape.capabilities, pricePerHour: kind.shape.pricePerHour,
                        count: pool.hosts.count { $0.shape == kind.shape && $0.zone == kind.zone }))
            }
        }
        return all
    }
}

import SkyCatalog
import SkyProviders

extension KubernetesClusters {
    /// The clusters as the catalog has them: a cluster is a region, a zone of its nodes a zone.
    var machines: [OwnMachines] {
        clusters.flatMap { cluster in
            let region = ProviderProfile.Region(
                name: cluster.name, country: cluster.country, continent: cluster.continent, place: cluster.place)
            return cluster.machines.map { machine in
                OwnMachines(
                    provider: "kubernetes", region: region, zone: machine.zone, machineType: machine.machineType,
                    cpus: machine.cpus, memoryGiB: machine.memoryGiB, accelerator: machine.accelerator,
                    pricePerHour: machine.pricePerHour, count: machine.count, isPreemptible: machine.isPreemptible)
            }
        }
    }
}

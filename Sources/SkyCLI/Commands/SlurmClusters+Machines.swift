import SkyCatalog
import SkyProviders

extension SlurmClusters {
    /// The clusters as the catalog has them: a cluster is a region, a partition a zone.
    var machines: [OwnMachines] {
        clusters.flatMap { cluster in
            let region = ProviderProfile.Region(
                name: cluster.name, country: cluster.country, continent: cluster.continent, place: cluster.place)
            return cluster.machines.map { machine in
                OwnMachines(
                    provider: "slurm", region: region, zone: machine.partition, machineType: machine.machineType,
                    cpus: Double(machine.cpus), memoryGiB: machine.memoryGiB, accelerator: machine.accelerator,
                    pricePerHour: machine.pricePerHour, count: machine.count, timeLimit: machine.timeLimit,
                    isPreemptible: machine.nodes.isPreemptible)
            }
        }
    }
}

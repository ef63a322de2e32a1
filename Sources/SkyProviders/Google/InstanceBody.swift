import SkyCore

/// What `instances.insert` and `instances.bulkInsert` are told of a machine.
struct InstanceBody: Encodable {
    struct Disk: Encodable {
        struct Parameters: Encodable {
            var sourceImage: String
            var diskSizeGb: String?
            var diskType: String
            var provisionedIops: String?
            var labels: [String: String]
        }
        var boot = true
        var autoDelete = true
        var interface: String?
        var initializeParams: Parameters
    }

    struct Interface: Encodable {
        struct Access: Encodable {
            var name = "External NAT"
            var type = "ONE_TO_ONE_NAT"
        }
        var network: String?
        var subnetwork: String?
        var nicType: String?
        var accessConfigs: [Access]?
    }

    struct Scheduling: Encodable {
        var provisioningModel: String
        var instanceTerminationAction: String?
        var onHostMaintenance: String
        var automaticRestart = false
    }

    struct Accelerator: Encodable {
        var acceleratorType: String
        var acceleratorCount: Int
    }

    struct Metadata: Encodable {
        struct Item: Encodable {
            var key: String
            var value: String
        }
        var items: [Item]
    }

    struct Tags: Encodable { var items: [String] }

    struct Confidential: Encodable {
        var enableConfidentialCompute = true
        var confidentialInstanceType: String
    }

    struct Account: Encodable {
        var email: String
        var scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    }

    var name: String?
    var description: String?
    var machineType: String?
    var sourceMachineImage: String?
    var disks: [Disk]?
    var networkInterfaces: [Interface]
    var scheduling: Scheduling
    var guestAccelerators: [Accelerator]?
    var confidentialInstanceConfig: Confidential?
    var serviceAccounts: [Account]?
    var labels: [String: String]
    var metadata: Metadata
    var tags: Tags
}

/// Many machines of one kind, all or none.
struct BulkBody: Encodable {
    struct Own: Encodable { var name: String }
    var count: String
    var minCount: String
    var instanceProperties: InstanceBody
    /// By name.
    var perInstanceProperties: [String: Own]
}

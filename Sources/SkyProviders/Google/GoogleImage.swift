import SkyCore

/// What a machine boots from.
enum GoogleImage: Hashable, Sendable {
    case disk(String)
    /// An image of a whole machine, with its disks.
    case machine(String)

    var path: String {
        switch self {
        case .disk(let path), .machine(let path): path
        }
    }

    /// The request's, or the settings', or what fits the machine.
    init(request: NodeGroupRequest, settings: CloudSection, project: String) {
        guard let named = request.image ?? settings.image else {
            self = .disk(Self.usual(for: request))
            return
        }
        var path = named
        for origin in ["https://www.googleapis.com/compute/v1/", "https://compute.googleapis.com/compute/v1/"] {
            if path.hasPrefix(origin) { path = String(path.dropFirst(origin.count)) }
        }
        if path.contains("/machineImages/") {
            self = .machine(path)
        } else if path.contains("/") {
            self = .disk(path.hasPrefix("family/") ? "projects/\(project)/global/images/\(path)" : path)
        } else {
            self = .disk("projects/\(project)/global/images/\(path)")
        }
    }

    /// Ubuntu, which runs on all families, confidential ones too; for GPUs the one that has their driver.
    private static func usual(for request: NodeGroupRequest) -> String {
        let family = MachineFamily(ofType: request.instanceType)
        if family.hasOwnGPUs || request.accelerator != nil {
            return "projects/deeplearning-platform-release/global/images/family/common-cu128-ubuntu-2204-nvidia-570"
        }
        let architecture = family.isArm ? "arm64" : "amd64"
        return "projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-\(architecture)"
    }
}

import Glibc

extension JobSpec {
    /// What is run, in order.
    var commands: [String] {
        if image != nil { return ["container"] }
        if mounts?.isEmpty == false { return ["mounted"] }
        return setup == nil ? ["run"] : ["setup", "run"]
    }

    /// What a shell is to read, by name.
    var scripts: [(name: String, text: String)] { [setup.map { ("setup", $0) }, ("run", run)].compactMap { $0 } }

    /// Why an agent refuses the job, for people; nil when it can be run.
    var problem: String? {
        if let problem = Self.problem(ofID: id) { return problem }
        if let problem = successorOf.flatMap(Self.problem(ofID:)) { return problem }
        if let problem = problemOfWorkingDirectory { return problem }
        if let workID, !(1...200).contains(workID.utf8.count) || workID.contains(where: \.isNewline) {
            return "\(workID.prefix(80).debugDescription) names no working directory's contents"
        }
        if let setupKey, !Self.isSetupKey(setupKey) {
            return "\(setupKey.prefix(80).debugDescription) is no key of a setup"
        }
        if let problem = limits?.problem { return problem }
        if access("/bin/sh", X_OK) != 0 {
            return "this node has no /bin/sh to run commands with: install a shell there (busybox will do)"
        }
        if let image, image.isEmpty || image.hasPrefix("-") || image.utf8.contains(0) {
            return "\(image.prefix(80).debugDescription) names no container image"
        }
        if let image, ContainerRuntime.find() == nil { return Self.noContainers(for: image) }
        if let problem = mounts.flatMap(problem(of:)) { return problem }
        if [run, setup ?? ""].contains(where: { $0.utf8.contains(0) }) { return "a command holds a null byte" }
        let variables = (secrets ?? [:]).merging(environment) { _, value in value }
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            if name.isEmpty || name.utf8.contains(0) || name.utf8.contains(UInt8(ascii: "=")) {
                return "\(name.debugDescription) cannot be the name of a variable"
            }
            if value.utf8.contains(0) { return "the value of \(name) holds a null byte" }
            // The kernel's limit for one string is 128 KiB with its end.
            if name.utf8.count + value.utf8.count > (128 << 10) - 2 {
                return "the value of \(name) is longer than 128 KiB: put it into a file"
            }
        }
        return nil
    }

    /// What a node without a runtime says, and whoever knows that it has none.
    static func noContainers(for image: String) -> String {
        "the job wants a container of \(image), and its node has neither docker nor podman: install one there, choose another"
            + " place (infra), or leave image_id out"
    }

    private func problem(of mounts: [JobMount]) -> String? {
        for mount in mounts {
            let parts = mount.target.split(separator: "/")
            let isPath = !parts.isEmpty && !parts.contains("..") && mount.target != "~"
            if !isPath || mount.target.contains(where: { $0.isNewline || $0 == "\0" }) {
                return "\(mount.target.prefix(80).debugDescription) is no path to mount something at"
            }
            switch mount.source {
            case .node(let path):
                if path.hasPrefix("/") || path.split(separator: "/").contains("..") || path.utf8.contains(0) {
                    return "\(path.prefix(80).debugDescription) is not inside the node's directory"
                }
            case .bucket(let bucket):
                if image != nil { return "\(bucket.url) cannot be mounted in a container: copy it" }
                if let obstacle = MountTools.find().obstacle {
                    return "\(bucket.url) cannot be mounted on this node: \(obstacle)"
                }
            }
        }
        return nil
    }

    /// A key is a file's name.
    private static func isSetupKey(_ key: String) -> Bool {
        (1...64).contains(key.utf8.count)
            && key.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) }
    }

    /// An id is a folder's name.
    static func problem(ofID id: String) -> String? {
        let isPlain = id.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isPlain, (1...200).contains(id.utf8.count), !id.hasPrefix(".") else {
            return
                "\(id.prefix(80).debugDescription) cannot be a job's id: 1 to 200 of a-z A-Z 0-9 . _ - and no leading dot"
        }
        return nil
    }

    private var problemOfWorkingDirectory: String? {
        let parts = workingDirectory.split(separator: "/", omittingEmptySubsequences: false)
        let isInside = !workingDirectory.hasPrefix("/") && !parts.contains("..") && !workingDirectory.utf8.contains(0)
        guard isInside, !workingDirectory.isEmpty, workingDirectory.utf8.count <= 1024 else {
            return "the working directory \(workingDirectory.prefix(80).debugDescription) is not inside the node's"
                + " directory: give a relative path without '..'"
        }
        return nil
    }
}

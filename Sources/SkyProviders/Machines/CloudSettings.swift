public import SkyCore

/// What a person's `clouds.yaml` says: a cloud that is in it is rented from for real, all others are stood in for.
public struct CloudSettings: Hashable, Sendable {
    public var sections: [String: CloudSection]
    /// The file, for people.
    public var path: String

    public init(sections: [String: CloudSection] = [:], path: String = "clouds.yaml") {
        self.sections = sections
        self.path = path
    }

    /// Reads `clouds.yaml`; no clouds where there is no such file.
    ///
    /// - Parameter home: what a leading `~` in a path stands for.
    /// - Throws: everything wrong with the file, with its place.
    public static func read(_ path: String, home: String) throws(DiagnosticsError) -> CloudSettings {
        try CloudSettingsReader.settings(at: path, home: home) ?? CloudSettings(path: path)
    }
}

/// How one cloud's machines are rented and reached.
public struct CloudSection: Hashable, Sendable {
    /// The provider's name.
    public var name: String
    /// Who OpenSSH logs in as; nil for what the cloud's images know.
    public var user: String?
    /// A person's own key, instead of one that is made for the provider.
    public var sshKey: String?
    /// A configuration that OpenSSH reads instead of the person's own.
    public var sshConfig: String?
    /// Machines are reached by their private addresses: this machine is in their network, or a jump host is.
    public var isReachedPrivately = false
    /// Where anything may be rented; nil for everywhere.
    public var regions: [String]?
    /// The image of all machines; nil for what fits the machine. A request's own wins.
    public var image: String?
    /// Where the API is, instead of the cloud's own place.
    public var endpoint: String?
    /// The command that a machine gives itself back with, when nobody has renewed its lease; nil for ending the node alone.
    public var powerOff: String? = CloudSection.usualPowerOff
    /// From a machine's making until its agent answers.
    public var bootLimit = CloudSection.usualBootLimit
    /// The first host key that is seen is kept, even of a cloud that could tell the right one: for images that do not say it.
    public var trustsFirstKey = false
    /// What only this cloud knows: `profile`, `subnet`, …; see `CloudFields`.
    public var fields: [String: String] = [:]

    public static let usualPowerOff = "sudo -n shutdown -h now || shutdown -h now"
    public static let usualBootLimit = TimeSpan.seconds(15 * 60)

    public init(name: String) { self.name = name }

    public subscript(field: String) -> String? { fields[field] }
}

/// The fields of `clouds.yaml` that only some clouds have.
enum CloudFields {
    static let ofProvider: [String: [String]] = [
        "aws": ["profile", "subnet", "vpc", "security_group", "instance_profile"],
        "gcp": ["project", "network", "subnetwork", "service_account"],
        "azure": ["subscription", "subnet", "identity", "metadata"],
        "lambda": ["file_system"],
        "runpod": ["network_volume"],
        "hyperstack": ["environment"],
    ]
}

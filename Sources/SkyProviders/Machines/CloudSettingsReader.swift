import SkyCore
import SkyYAML

/// Reads a `clouds.yaml`, and reports everything wrong with it at once.
struct CloudSettingsReader: SettingsReader {
    static let code = "clouds"
    let path: String
    let home: String
    var diagnostics: [Diagnostic] = []

    init(path: String, home: String) {
        self.path = path
        self.home = home
    }

    private static let common = [
        "user", "ssh_key", "ssh_config", "address", "regions", "image", "endpoint", "power_off", "boot_limit",
        "host_keys", "settings",
    ]
    static let otherNames = [
        "key": "ssh_key", "identity_file": "ssh_key", "ami": "image", "image_id": "image", "region": "regions",
        "ssh_user": "user", "subnet_id": "subnet", "security_groups": "security_group", "project_id": "project",
        "subscription_id": "subscription", "iam_instance_profile": "instance_profile", "url": "endpoint",
    ]

    mutating func read(_ bytes: [UInt8]) -> CloudSettings {
        var settings = CloudSettings(path: path)
        let parsed = YAML.parse(bytes: bytes, path: path)
        diagnostics += parsed.diagnostics
        guard let root = parsed.documents.first, !root.isNull else { return settings }
        for entry in mapping(root, what: "the file") { settings.sections[entry.key] = section(entry) }
        return settings
    }

    private mutating func section(_ entry: YAMLNode.Entry) -> CloudSection {
        var section = CloudSection(name: entry.key)
        let node = entry.value
        guard !node.isNull else { return section }
        let own = CloudFields.ofProvider[entry.key] ?? []
        let entries = mapping(node, known: own + Self.common, what: "a cloud")
        section.user = address(node["user"], "user")
        section.sshKey = filePath(node["ssh_key"], "key")
        section.sshConfig = filePath(node["ssh_config"], "ssh_config")
        section.isReachedPrivately = choice(node["address"], of: ["public", "private"]) == "private"
        if let regions = node["regions"], let elements = list(regions, "regions") {
            section.regions = elements.compactMap { text($0, "a region") }
        }
        section.image = text(node["image"], "image")
        section.endpoint = endpoint(node["endpoint"])
        section.trustsFirstKey = choice(node["host_keys"], of: ["told", "first-seen"]) == "first-seen"
        if let command = node["power_off"] {
            section.powerOff = command.scalar == "none" ? nil : text(command, "power_off") ?? section.powerOff
        }
        if let limit = node["boot_limit"] { section.bootLimit = bootLimit(limit) }
        // Of clouds that only a person's own files know.
        if let settings = node["settings"] {
            for entry in mapping(settings, what: "settings") {
                section.fields[entry.key] = text(entry.value, entry.key)
            }
        }
        for entry in entries where own.contains(entry.key) { section.fields[entry.key] = text(entry.value, entry.key) }
        return section
    }

    private mutating func choice(_ node: YAMLNode?, of choices: [String]) -> String? {
        guard let node else { return nil }
        if let text = node.scalar, choices.contains(text) { return text }
        complain(node, "bad-value", "not one of \(choices.joined(separator: ", "))", expected: choices.first)
        return nil
    }

    private mutating func endpoint(_ node: YAMLNode?) -> String? {
        guard let node, let text = text(node, "endpoint") else { return nil }
        if text.hasPrefix("https://") || text.hasPrefix("http://") {
            return text.hasSuffix("/") ? String(text.dropLast()) : text
        }
        complain(node, "bad-value", "'\(text)' is no address of an API", expected: "https://…")
        return nil
    }

    private mutating func bootLimit(_ node: YAMLNode) -> TimeSpan {
        if let span = node.scalar.flatMap({ TimeSpan($0) }), (.seconds(10)...QueueLimit.longest).contains(span) {
            return span
        }
        complain(
            node, "bad-time", "not a time for a machine to boot in",
            expected: "a time such as 15m, at most \(QueueLimit.longest)")
        return CloudSection.usualBootLimit
    }
}

/// What AWS's files and variables say for one profile: where its tools would find the same.
public struct AWSSettings: Sendable {
    /// The profile's name, and whether somebody asked for it by name rather than by `AWS_PROFILE`.
    let profile: String
    let isExplicit: Bool
    public let surroundings: AWSSurroundings
    let configPath: String
    let credentialsPath: String
    private let config: INIText?
    private let shared: INIText?

    /// - Parameter profile: nil for that of `AWS_PROFILE`, or `default`.
    /// - Throws: `.settings` when a file cannot be read, or there is no such profile though it was asked for.
    public init(profile: String? = nil, in surroundings: AWSSurroundings) throws(AWSError) {
        let named = profile ?? surroundings.variable("AWS_PROFILE") ?? surroundings.variable("AWS_DEFAULT_PROFILE")
        self.profile = named ?? "default"
        isExplicit = profile != nil
        self.surroundings = surroundings
        configPath = surroundings.path(surroundings.variable("AWS_CONFIG_FILE") ?? "~/.aws/config")
        credentialsPath = surroundings.path(
            surroundings.variable("AWS_SHARED_CREDENTIALS_FILE") ?? "~/.aws/credentials")
        config = try Self.file(configPath, surroundings)
        shared = try Self.file(credentialsPath, surroundings)
        if named != nil, !exists(self.profile) { throw noProfile(self.profile) }
    }

    private static func file(_ path: String, _ surroundings: AWSSurroundings) throws(AWSError) -> INIText? {
        guard let text = try surroundings.read(path) else { return nil }
        return try INIText(text, path: path)
    }

    /// Where requests are meant to go when nothing nearer says so.
    public var region: String? {
        surroundings.variable("AWS_REGION") ?? surroundings.variable("AWS_DEFAULT_REGION")
            ?? value("region", of: profile)
    }

    /// Another address than AWS's own for a service (`s3`, `sts`), without a slash at its end.
    public func endpoint(of service: String) -> String? {
        if surroundings.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.lowercased() == "true" { return nil }
        let variable = "AWS_ENDPOINT_URL_\(service.uppercased())"
        let found =
            surroundings.variable(variable) ?? surroundings.variable("AWS_ENDPOINT_URL")
            ?? value("services", of: profile).flatMap {
                config?.sections["services \($0)"]?["\(service).endpoint_url"]?.value
            } ?? value("endpoint_url", of: profile)
        guard var url = found, !url.isEmpty else { return nil }
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    func exists(_ profile: String) -> Bool { section(of: profile) != nil || shared?.sections[profile] != nil }

    /// What the credentials file says goes before what the configuration says.
    func value(_ name: String, of profile: String) -> String? {
        secretValue(name, of: profile) ?? configValue(name, of: profile)
    }

    func secretValue(_ name: String, of profile: String) -> String? { text(shared?.sections[profile]?[name]) }

    func configValue(_ name: String, of profile: String) -> String? { text(section(of: profile)?[name]) }

    func value(_ name: String, ofSession session: String) -> String? {
        text(config?.sections["sso-session \(session)"]?[name])
    }

    func noProfile(_ name: String) -> AWSError {
        let inConfig = (config?.sections.keys.map { $0 } ?? []).compactMap { section -> String? in
            if section == "default" { return section }
            return section.hasPrefix("profile ") ? String(section.dropFirst(8)) : nil
        }
        let known = Set(inConfig + (shared?.sections.keys.map { $0 } ?? [])).sorted()
        let there = known.isEmpty ? "there are none" : "there are: \(known.joined(separator: ", "))"
        return AWSError(
            .settings,
            "no AWS profile '\(name)' in \(configPath) or \(credentialsPath); \(there). Make it with: "
                + "aws configure --profile \(name)")
    }

    private func section(of profile: String) -> [String: INIText.Setting]? {
        config?.sections["profile \(profile)"] ?? (profile == "default" ? config?.sections["default"] : nil)
    }

    private func text(_ setting: INIText.Setting?) -> String? {
        setting.flatMap { $0.value.isEmpty ? nil : $0.value }
    }
}

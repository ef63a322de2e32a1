public import SkyCore
public import SkyHTTP
import SkyProcess

/// What the adapters of real clouds are made of.
public struct CloudAccess: Sendable {
    /// Which clouds a person wants to rent from, and how.
    public var settings: CloudSettings
    /// The folder of all providers' data.
    public var providers: String
    /// The same of a person's own, which lie over them; nil for none.
    public var ownProviders: String?
    /// Where tokens are kept between commands, for this user alone.
    public var cache: String
    public var environment: [String: String]
    public var caller: HTTPCaller
    public var now: @Sendable () -> Instant

    public init(
        settings: CloudSettings, providers: String, ownProviders: String? = nil, cache: String,
        environment: [String: String], caller: HTTPCaller = HTTPCaller(), now: @escaping @Sendable () -> Instant
    ) {
        self.settings = settings
        self.providers = providers
        self.ownProviders = ownProviders
        self.cache = cache
        self.environment = environment
        self.caller = caller
        self.now = now
    }

    /// What `adapter` in `provider.yaml` may say for there to be a real cloud.
    public static let adapters: Set<String> = ["azure-vm", "ec2", "exec", "gce", "rest"]

    /// How a provider's machines are rented; nil where it is to be stood in for.
    ///
    /// A program that a person has put into their own folder is meant to be used: `clouds.yaml` need not name it too.
    func section(of profile: AdapterProfile) -> CloudSection? {
        if let section = settings.sections[profile.name] { return section }
        return profile.adapter == "exec" && ownFolder(of: profile.name) != nil ? CloudSection(name: profile.name) : nil
    }

    /// Nil where the cloud is to be stood in for.
    ///
    /// - Parameter notes: the provider's folder in the broker's state, for those that keep notes of their own.
    /// - Throws: everything wrong with the provider's data, for people.
    func cloud(of profile: AdapterProfile, notes: String) throws(DiagnosticsError) -> (any MachineCloud)? {
        guard let section = section(of: profile) else { return nil }
        let errors = try ErrorTable.read(profile.name, in: folder(of: "errors.csv", profile.name))
        return try make(profile, section, errors, notes)
    }

    private func make(
        _ profile: AdapterProfile, _ section: CloudSection, _ errors: ErrorTable, _ notes: String
    ) throws(DiagnosticsError) -> (any MachineCloud)? {
        switch profile.adapter {
        case "azure-vm": AzureCloud(profile.name, section, errors: errors, access: self)
        case "gce": GoogleCloud(profile.name, section, errors: errors, access: self)
        case "exec": try exec(profile, errors, notes)
        case "rest": try rest(profile, section, errors, notes)
        case "ec2": try ec2(profile, section, errors)
        default: nil
        }
    }

    private func exec(
        _ profile: AdapterProfile, _ errors: ErrorTable, _ notes: String
    ) throws(DiagnosticsError) -> ExecCloud {
        let settings = try ExecSettings.read(
            in: ownFolder(of: profile.name) ?? "\(providers)/\(profile.name)", home: environment["HOME"] ?? "")
        return ExecCloud(
            ExecProgram(
                provider: profile.name, settings: settings, errors: errors,
                folder: "\(notes)/.program", environment: environment))
    }

    private func rest(
        _ profile: AdapterProfile, _ section: CloudSection, _ errors: ErrorTable, _ notes: String
    ) throws(DiagnosticsError) -> RESTCloud {
        let path = "\(folder(of: "rest.yaml", profile.name))/\(profile.name)/rest.yaml"
        guard
            let description = try RESTDescriptionReader.settings(at: path, home: environment["HOME"] ?? "") ?? nil
        else {
            throw DiagnosticsError(
                [Diagnostic(code: "rest.no-file", path: path, message: "there is no \(path)")], sources: [])
        }
        let calls = RESTCalls(
            profile.name, description, errors: errors, base: section.endpoint, environment: environment, caller: caller)
        return RESTCloud(calls, settings: section, notes: "\(notes)/.asked", now: now)
    }

    /// Where a provider's file is: a person's own lies over the installed one.
    private func folder(of file: String, _ name: String) -> String {
        guard let ownProviders, Files.exists("\(ownProviders)/\(name)/\(file)") else { return providers }
        return ownProviders
    }

    /// A person's own folder of a provider, if they have one.
    private func ownFolder(of name: String) -> String? {
        guard let ownProviders, Files.exists("\(ownProviders)/\(name)/provider.yaml") else { return nil }
        return "\(ownProviders)/\(name)"
    }
}

import ArgumentParser
import SkyCatalog
import SkyCore
import SkyProcess
import SkyProviders

struct ProviderUseCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "use",
        abstract: "Rent machines of a cloud for real from now on.",
        discussion: """
            Until a cloud is named in clouds.yaml among your settings, processes of this machine stand in for it and nothing is \
            rented. This writes its name, and what is set, into that file, and says who the cloud takes you for.

            EXAMPLES
              sky provider use aws
              sky provider use aws --set profile=work --set regions=[eu-west-1,eu-central-1]
              sky provider use gcp --set project=my-project
            """)

    @Argument(help: "The provider; sky check lists them.")
    var provider: String

    @Option(help: ArgumentHelp("A setting of the cloud (docs/clouds.md); may be repeated.", valueName: "name=value"))
    var set: [String] = []

    func execute(in context: CommandContext) throws -> ExitStatus {
        let file = CloudsFile(try context.paths())
        let adapters = try CloudProviders(context)
        try adapters.requireReal(provider)
        let fields = try set.map(Self.field)
        try file.change { try $0.adding(provider, fields) }
        let out = context.console.out
        try out.line("machines of \(provider) are rented from now on: \(file.path)")
        let adapter = try CloudProviders(context).registry.adapter(for: provider)
        guard let adapter = adapter as? any IdentifyingAdapter else { return .done }
        do {
            let identity = try AsyncWork.run { try await adapter.identity() }
            if let identity { try out.line("\(IdentityWords.line(identity))") }
            return .done
        } catch let error as ProviderError {
            throw CommandFailure(
                .providerRefused, "\(provider) does not know us yet: \(error.message)",
                hints: ["sky check", "sky provider stand-in \(provider)"])
        }
    }

    /// `profile=work`
    private static func field(_ text: String) throws -> (name: String, value: String) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].contains("\n") else {
            throw CommandFailure(
                .wrongRequest, "--set takes a name and a value, not '\(text)'", hints: ["--set profile=work"])
        }
        return (parts[0], parts[1])
    }
}

struct ProviderStandInCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "stand-in",
        abstract: "Rent nothing of a cloud any more: processes of this machine stand in for it.",
        discussion: """
            Takes the cloud out of clouds.yaml. Refused while something is rented there.

            EXAMPLES
              sky provider stand-in aws
            """)

    @Argument(help: "The provider.")
    var provider: String

    func execute(in context: CommandContext) throws -> ExitStatus {
        let file = CloudsFile(try context.paths())
        let providers = try CloudProviders(context)
        guard providers.access.settings.sections[provider] != nil else {
            try context.console.out.line("\(provider) is not rented from: \(file.path) does not name it")
            return .done
        }
        let adapter = try providers.registry.adapter(for: provider)
        let groups: [NodeGroup]
        do { groups = try AsyncWork.run { try await adapter.list(run: nil) } } catch let error as ProviderError {
            throw CommandFailure(
                .providerRefused, "what is rented there cannot be asked: \(error.message)",
                hints: ["take '\(provider)' out of \(file.path) by hand, if nothing is"])
        }
        guard groups.isEmpty else {
            throw CommandFailure(
                .wrongRequest, "\(Figures.count(groups.count, "group")) of \(provider) would be forgotten",
                details: groups.prefix(5).map { "\($0.token) in \($0.region)" }, hints: ["sky down RUN", "sky gc"])
        }
        try file.change { $0.removing(provider) }
        try context.console.out.line("processes of this machine stand in for \(provider) from now on")
        return .done
    }
}

/// What can be rented from for real.
struct CloudProviders {
    let access: CloudAccess
    let registry: AdapterRegistry
    private let adapters: [String: String]

    init(_ context: CommandContext) throws {
        let catalogAccess = CatalogAccess(context)
        let catalog = try catalogAccess.load()
        guard let access = try catalogAccess.clouds() else {
            throw CommandFailure(.wrongRequest, "there is no place for settings", hints: ["set HOME"])
        }
        self.access = access
        registry = try catalogAccess.adapters(for: catalog.providers)
        adapters = Dictionary(catalog.providers.map { ($0.name, $0.adapter) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Throws: when there is no such provider, or no adapter for it.
    func requireReal(_ provider: String) throws {
        guard let adapter = adapters[provider] else {
            let hint = nearestName(to: provider, among: adapters.keys.sorted()).map { ["sky provider use \($0)"] }
            throw CommandFailure(.wrongRequest, "there is no provider '\(provider)'", hints: hint ?? ["sky check"])
        }
        guard CloudAccess.adapters.contains(adapter) else {
            let names = adapters.filter { CloudAccess.adapters.contains($0.value) }.map(\.key).sorted()
            throw CommandFailure(
                .wrongRequest, "\(provider) is not a cloud that machines are rented from by clouds.yaml",
                details: ["these are: \(names.joined(separator: ", "))"], hints: ["sky check"])
        }
    }
}

/// `clouds.yaml`, changed without touching what a person has written beside it.
struct CloudsFile {
    let path: String
    private let folder: String

    init(_ paths: SkyPaths) {
        folder = paths.config
        path = "\(paths.config)/clouds.yaml"
    }

    /// Replaces it whole. What would not be a sound file any more is refused, and the old one stays.
    func change(_ body: (CloudsText) throws -> CloudsText) throws {
        let bytes = try Files.read(path) ?? []
        let new = try body(CloudsText(text: String(decoding: bytes, as: UTF8.self)))
        try Files.makeFolder(folder, mode: 0o700)
        let trial = "\(path).new"
        try Files.replace(trial, with: Array(new.text.utf8), durability: .processes)
        defer { try? Disk.remove(trial) }
        _ = try CloudSettings.read(trial, home: "")
        try Disk.rename(trial, to: path)
    }
}

/// The file's lines. A cloud's section is the line of its name and what is indented below it.
struct CloudsText {
    var text: String

    func adding(_ name: String, _ fields: [(name: String, value: String)]) throws -> CloudsText {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        while lines.last?.isEmpty == true { lines.removeLast() }
        let own = fields.map { "  \($0.name): \($0.value)" }
        guard let start = lines.firstIndex(where: { Self.names(name, $0) }) else {
            return CloudsText(text: (lines + ["\(name):"] + own).joined(separator: "\n") + "\n")
        }
        guard !own.isEmpty else { return self }
        let isBare = lines[start].drop { $0 != ":" }.dropFirst().allSatisfy(\.isWhitespace)
        guard isBare else {
            throw CommandFailure(
                .wrongRequest, "clouds.yaml has settings of \(name) in one line already", hints: ["change them there"])
        }
        let names = fields.map(\.name)
        let end = Self.end(of: start, in: lines)
        let kept = lines[(start + 1)..<end].filter { line in
            !names.contains { Self.names($0, line.trimmingPrefix { $0 == " " }.description) }
        }
        lines.replaceSubrange((start + 1)..<end, with: own + kept)
        return CloudsText(text: lines.joined(separator: "\n") + "\n")
    }

    func removing(_ name: String) -> CloudsText {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let start = lines.firstIndex(where: { Self.names(name, $0) }) else { return self }
        lines.removeSubrange(start..<Self.end(of: start, in: lines))
        return CloudsText(text: lines.joined(separator: "\n"))
    }

    private static func names(_ name: String, _ line: String) -> Bool { line.hasPrefix("\(name):") }

    private static func end(of start: Int, in lines: [String]) -> Int {
        lines[(start + 1)...].firstIndex { line in
            !(line.hasPrefix(" ") || line.hasPrefix("\t") || line.isEmpty)
        } ?? lines.count
    }
}

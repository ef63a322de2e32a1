import ArgumentParser
import SkyCore
import SkyStorage

struct StorageRemoveCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove an object, or all whose keys begin alike.",
        discussion: """
            On a terminal it asks first when there are several; --yes does not. --stale-uploads gives up uploads in \
            parts that begun so long ago and have not ended, and removes nothing else.

            EXAMPLES
              sky storage rm s3://my-bucket/models/old.bin
              sky storage rm s3://my-bucket/models/ --recursive --yes
              sky storage rm s3://my-bucket --stale-uploads 2d
            """)

    @Argument(help: "s3://bucket/key; with --recursive the beginning of keys.")
    var place: String

    @Flag(name: .shortAndLong, help: "Remove all objects whose keys begin so.")
    var recursive = false

    @Option(help: ArgumentHelp("Give up uploads that begun so long ago: 12h, 2d.", valueName: "time"))
    var staleUploads: String?

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var storage: StorageOptions
    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let url = try StorageOptions.url(place)
        let store = try storage.stores(context).store(of: url)
        let interruptions = context.interruptions()
        if let staleUploads {
            guard let age = TimeSpan(staleUploads), age >= .zero else {
                throw CommandFailure(
                    .wrongRequest, "--stale-uploads \(staleUploads): '\(staleUploads)' is no time",
                    hints: ["--stale-uploads 2d"])
            }
            let moment = context.now() + TimeSpan(milliseconds: -age.milliseconds)
            let count = try AsyncWork.run(interruptions: interruptions) {
                try await store.abandonUploads(url, begunBefore: moment)
            }
            return try tell(Removed(uploads: count), "gave up \(Figures.count(count, "upload"))", context)
        }
        guard recursive || !url.key.isEmpty else {
            throw CommandFailure(
                .wrongRequest, "\(place) is a whole bucket: say --recursive to remove all that is in it",
                hints: ["sky storage rm \(place) --recursive"])
        }
        let objects = try AsyncWork.run(interruptions: interruptions) { [recursive] in
            guard recursive else { return try await store.object(url).map { [$0] } ?? [] }
            var objects: [StoredObject] = []
            try await store.eachPage(of: url) { objects += $0.objects }
            return objects
        }
        guard !objects.isEmpty else {
            throw CommandFailure(
                .wrongRequest, "there is nothing at \(url)", hints: ["sky storage ls \(url.with(key: ""))"])
        }
        guard try agrees(to: objects, context) else {
            try context.console.err.line("nothing was removed")
            return .interrupted
        }
        let keys = objects.map(\.key)
        try AsyncWork.run(interruptions: interruptions) {
            try await store.delete(keys, in: url)
        }
        let size = objects.reduce(.zero) { $0 + $1.size }
        return try tell(
            Removed(objects: objects.count, bytes: size.bytes),
            "removed \(Figures.count(objects.count, "object")), \(size)", context)
    }

    private func agrees(to objects: [StoredObject], _ context: CommandContext) throws -> Bool {
        let console = context.console
        guard !yes, objects.count > 1, console.isAnswered else { return true }
        let size = objects.reduce(DataSize.zero) { $0 + $1.size }
        return try console.agrees(to: "Remove \(Figures.count(objects.count, "object")), \(size)?")
    }

    /// `sky storage rm --output json`
    private struct Removed: Encodable {
        let version = 1
        var objects = 0
        var bytes: Int64 = 0
        var uploads = 0
    }

    private func tell(_ removed: Removed, _ words: String, _ context: CommandContext) throws -> ExitStatus {
        switch options.output {
        case .json: try context.console.out.write(try JSONText.encode(removed))
        case .text: try context.console.err.line("\(words)")
        }
        return .done
    }
}

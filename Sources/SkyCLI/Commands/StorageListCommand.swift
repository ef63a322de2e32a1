import ArgumentParser
import SkyCore
import SkyStorage

struct StorageListCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List buckets, or what is in one.",
        discussion: """
            Keys that go on with a / are shown as one folder; --recursive shows them all. --uploads shows uploads in \
            parts that have begun and not ended, whose parts are paid for.

            EXAMPLES
              sky storage ls
              sky storage ls s3://my-bucket/models/
              sky storage ls s3://my-bucket --recursive --output json
              sky storage ls s3://my-bucket --uploads
            """)

    @Argument(help: "s3://bucket, or s3://bucket/ and the beginning of keys; without it, all buckets.")
    var place: String?

    @Flag(name: .shortAndLong, help: "Show what is in folders too.")
    var recursive = false

    @Flag(help: "Show uploads that have not ended.")
    var uploads = false

    @OptionGroup var storage: StorageOptions
    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let client = try storage.client(context)
        let place = try place.map(StorageOptions.url)
        let (recursive, uploads) = (recursive, uploads)
        let listing = try AsyncWork.run(interruptions: context.interruptions()) {
            guard let place else { return StorageListing(buckets: try await client.buckets()) }
            if uploads { return StorageListing(uploads: try await client.pendingUploads(place), in: place) }
            var listing = StorageListing(in: place)
            try await client.eachPage(of: place, delimiter: recursive ? nil : "/") { listing.add($0) }
            return listing
        }
        let out = context.console.out
        switch options.output {
        case .json: try out.write(try JSONText.encode(listing.json))
        case .text: try out.lines(listing.lines(width: out.terminal.width))
        }
        return .done
    }
}

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
              sky storage ls gs://
              sky storage ls az://account
              sky storage ls s3://my-bucket/models/
              sky storage ls s3://my-bucket --recursive --output json
              sky storage ls s3://my-bucket --uploads
            """)

    @Argument(
        help:
            "s3://bucket, or s3://bucket/ and the beginning of keys; gs:// or az://account alone, and without it, all buckets."
    )
    var place: String?

    @Flag(name: .shortAndLong, help: "Show what is in folders too.")
    var recursive = false

    @Flag(help: "Show uploads that have not ended.")
    var uploads = false

    @OptionGroup var storage: StorageOptions
    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let stores = try storage.stores(context)
        let place = try place.map(Self.place)
        let (recursive, uploads) = (recursive, uploads)
        let made = Self.made(in: context)
        let listing = try AsyncWork.run(interruptions: context.interruptions()) {
            let url = place ?? ObjectURL(.s3, bucket: "", key: "")
            let store = try stores.store(of: url)
            guard let place, !place.isService else {
                return StorageListing(buckets: try await store.buckets(), made: made)
            }
            if uploads { return StorageListing(uploads: try await store.pendingUploads(place), in: place) }
            var listing = StorageListing(in: place)
            try await store.eachPage(of: place, delimiter: recursive ? nil : "/") { listing.add($0) }
            return listing
        }
        let out = context.console.out
        switch options.output {
        case .json: try out.write(try JSONText.encode(listing.json))
        case .text: try out.lines(listing.lines(width: out.terminal.width))
        }
        return .done
    }

    /// Buckets that this installation has made.
    private static func made(in context: CommandContext) -> Set<ObjectURL> {
        guard let paths = try? context.paths() else { return [] }
        let records = BucketRecord.all(in: BucketNames(stateFolder: paths.state).folder)
        return Set(records.compactMap { $0.place?.with(key: "") })
    }

    /// Also of a service alone: `gs://`, `az://account`.
    private static func place(_ text: String) throws -> ObjectURL {
        switch text {
        case "s3://": ObjectURL(.s3, bucket: "", key: "")
        case "gs://": ObjectURL(.gs, bucket: "", key: "")
        default: try StorageOptions.url(text)
        }
    }
}

extension ObjectURL {
    /// No bucket in it, but all of them.
    fileprivate var isService: Bool { bucket.isEmpty || (scheme == .az && !bucket.contains("/")) }
}

import ArgumentParser

struct StorageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage",
        abstract: "List, copy and remove objects in buckets of S3 (and what speaks like it), Google Cloud and Azure.",
        discussion: """
            Credentials, region and address are found where each cloud's own tools find them.

            EXAMPLES
              sky storage ls
              sky storage ls s3://my-bucket/models/
              sky storage cp model.bin s3://my-bucket/models/
              sky storage rm s3://my-bucket/models/ --recursive
            """,
        subcommands: [StorageListCommand.self, StorageCopyCommand.self, StorageRemoveCommand.self])
}

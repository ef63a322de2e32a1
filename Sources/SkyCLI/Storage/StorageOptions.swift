import ArgumentParser
import SkyStorage

/// Which object store, and who speaks to it.
struct StorageOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Address of a store that speaks like S3; without it AWS_ENDPOINT_URL_S3, the profile's, or AWS's own.",
            valueName: "url"))
    var endpoint: String?

    @Option(help: ArgumentHelp("Profile of AWS's files; without it AWS_PROFILE, or default.", valueName: "name"))
    var profile: String?

    @Option(help: ArgumentHelp("Region of S3; without it AWS_REGION, or the profile's.", valueName: "name"))
    var region: String?

    /// - Parameter calls: under way at once at the most.
    func stores(_ context: CommandContext, calls: Int = 64) throws -> ChosenStores {
        if let endpoint, !endpoint.hasPrefix("http://"), !endpoint.hasPrefix("https://") {
            throw CommandFailure(
                .wrongRequest, "--endpoint \(endpoint): an address begins with https:// or http://",
                hints: ["--endpoint https://\(endpoint)"])
        }
        var address = endpoint
        while address?.hasSuffix("/") == true { address?.removeLast() }
        return ChosenStores(
            all: ObjectStores(context, calls: calls),
            choice: ObjectStores.Choice(endpoint: address, region: region, profile: profile))
    }

    static func url(_ text: String) throws -> ObjectURL {
        if let url = ObjectURL(text) { return url }
        throw CommandFailure(
            .wrongRequest,
            "'\(text)' is no place in a bucket: it is written s3://bucket/key, gs://bucket/key or "
                + "az://account/container/key, and a bucket's name has 3 to 63 small letters, digits, dots and dashes",
            hints: ["sky storage ls"])
    }
}

/// Stores as the options of a command choose them.
struct ChosenStores: Sendable {
    let all: ObjectStores
    let choice: ObjectStores.Choice

    func store(of url: ObjectURL) throws -> any ObjectStore { try all.store(of: url, choice) }
}

import ArgumentParser
import SkyAWS
import SkyHTTP
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

    @Option(help: ArgumentHelp("Region; without it AWS_REGION, or the profile's.", valueName: "name"))
    var region: String?

    /// - Parameter calls: under way at once at the most.
    func client(_ context: CommandContext, calls: Int = 64) throws -> S3Client {
        if let endpoint, !endpoint.hasPrefix("http://"), !endpoint.hasPrefix("https://") {
            throw CommandFailure(
                .wrongRequest, "--endpoint \(endpoint): an address begins with https:// or http://",
                hints: ["--endpoint https://\(endpoint)"])
        }
        let surroundings = AWSSurroundings(
            environment: context.environment, caller: HTTPCaller(most: calls), now: context.now)
        var address = endpoint
        while address?.hasSuffix("/") == true { address?.removeLast() }
        return S3Client(try AWSSettings(profile: profile, in: surroundings), endpoint: address, region: region)
    }

    static func url(_ text: String) throws -> S3URL {
        if let url = S3URL(text) { return url }
        throw CommandFailure(
            .wrongRequest,
            "'\(text)' is no place in a bucket: it is written s3://bucket/key, and a bucket's name has "
                + "3 to 63 small letters, digits, dots and dashes", hints: ["sky storage ls"])
    }
}

/// A bucket to be made for artifacts, where a plan needs one.
public struct BucketSpec: Hashable, Sendable {
    public var url: ObjectURL
    /// As the cloud calls it.
    public var region: String

    public init(_ url: ObjectURL, region: String) {
        self.url = url
        self.region = region
    }

    /// The tag by which buckets are known that sky made.
    public static let mark = "sky"
    /// Days after which uploads that nobody goes on with are given up by the store.
    static let staleDays = 7
}

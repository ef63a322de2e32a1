import Glibc
import SkyCore
import SkyProcess
import SkyStorage

/// What buckets are called that sky makes: `sky-<8 digits>-<region>`. The digits are this installation's, as names of buckets are
/// everybody's.
struct BucketNames: Sendable {
    /// For records of the buckets, and the digits.
    let folder: String

    init(stateFolder: String) { folder = "\(stateFolder)/buckets" }

    /// The bucket of a location is at the location.
    ///
    /// - Parameter like: names the service, and of Azure the account.
    func spec(of location: Location, like bucket: ObjectURL) -> BucketSpec {
        BucketSpec(url(of: location, like: bucket), region: location.region)
    }

    private func url(of location: Location, like bucket: ObjectURL) -> ObjectURL {
        // All stores take small letters, digits and dashes, up to 63 of them.
        let region = location.region.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        let name = "sky-\(digits)-\(String(region).prefix(48))"
        return ObjectURL(bucket.scheme, bucket: bucket.bucket.isEmpty ? name : "\(bucket.bucket)/\(name)", key: "")
    }

    /// Made up once. Of two processes that do so at once, the first wins.
    private var digits: String {
        let path = "\(folder)/installation"
        if let known = known(path) { return known }
        try? Files.makeFolder(folder, mode: 0o700)
        let fresh = String(hexOf: (0..<4).map { _ in UInt8.random(in: 0...255) })
        // A link is made or is there: nobody sees half of it.
        let own = Disk.temporaryName(beside: path)
        try? Files.writeNew(own, with: Array(fresh.utf8))
        link(own, path)
        unlink(own)
        return known(path) ?? fresh
    }

    private func known(_ path: String) -> String? {
        guard let bytes = try? Files.read(path), bytes.count == 8 else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

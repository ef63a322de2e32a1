public import SkyCore

/// Lets whoever has it put some bytes of one object with one `PUT`, for a while and without anybody's credentials.
public struct WriteGrant: Sendable {
    /// Of the object, from 0 on.
    public let bytes: Range<Int64>
    public let url: Secret
    /// `Name: value`, all of which have to be sent.
    public let headers: [Secret]

    init(_ bytes: Range<Int64>, url: Secret, headers: [String]) {
        self.bytes = bytes
        self.url = url
        self.headers = ["Content-Type: application/octet-stream"].map { Secret($0) } + headers.map { Secret($0) }
    }
}

/// What is still to be sent of a blob, by whoever has it.
public struct BlobGrants: Sendable {
    public let blob: Blob
    public let grants: [WriteGrant]
    /// One after the other, and not side by side.
    public let isOrdered: Bool
}

/// A blob that a node has, with what a store compares of its parts.
public struct RemoteBlob: Hashable, Sendable {
    public let blob: Blob
    let file: FileFingerprint

    /// - Parameter checksums: in Base64, of the kind of the rules: of each part, or of the whole where parts go in order.
    /// - Returns: nil when there are not as many as parts.
    public init?(_ blob: Blob, checksums: [String], _ rules: PartRules) {
        let expected = rules.isOrdered ? 1 : PartPlan(size: blob.size.bytes, rules).count
        guard checksums.count == expected else { return nil }
        self.blob = blob
        // Of a file elsewhere there is no identity to compare.
        file = FileFingerprint(size: blob.size.bytes, stamp: "", whole: blob.digest, checksums: checksums)
    }
}

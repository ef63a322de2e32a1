import SkyCore
import SkyStorage

/// What `sky storage ls` shows.
struct StorageListing: Sendable {
    private let place: ObjectURL?
    private var rows: [Row] = []

    enum Kind: String, Encodable, Sendable { case bucket, folder, object, upload }

    struct Row: Sendable {
        let kind: Kind
        /// In the table; the whole place otherwise.
        let name: String
        let url: String
        let size: DataSize?
        let moment: Instant?
    }

    /// - Parameter made: by this installation: a list of S3's does not tell how buckets are tagged.
    init(buckets: [StoredBucket], made: Set<ObjectURL>) {
        place = nil
        rows = buckets.map { bucket in
            let url = String("\(bucket.url)".dropLast())
            let isOurs = bucket.isOurs || made.contains(bucket.url)
            return Row(
                kind: .bucket, name: isOurs ? "\(url) (made by sky)" : url, url: url, size: nil,
                moment: bucket.made)
        }
    }

    init(uploads: [PendingUpload], in place: ObjectURL) {
        self.place = place
        rows = uploads.map { upload in
            let url = place.with(key: upload.key).description
            return Row(kind: .upload, name: upload.key, url: url, size: nil, moment: upload.begun)
        }
    }

    init(in place: ObjectURL) { self.place = place }

    mutating func add(_ page: ObjectPage) {
        guard let place else { return }
        func row(_ kind: Kind, _ key: String, _ size: DataSize?, _ moment: Instant?) -> Row {
            let url = place.with(key: key).description
            return Row(kind: kind, name: key, url: url, size: size, moment: moment)
        }
        rows += page.folders.map { row(.folder, $0, nil, nil) }
        rows += page.objects.map { row(.object, $0.key, $0.size, $0.modified) }
    }

    func lines(width: Int?) -> [StyledText] {
        var table = Table([.init("SIZE", .right), .init("CHANGED"), .init("NAME", shrinksTo: 12)])
        guard !rows.isEmpty else { return [] }
        table.addHeader()
        for row in rows {
            table.addRow([
                StyledText(row.size.map { "\($0)" } ?? ""), StyledText(row.moment.map(Self.text) ?? ""),
                StyledText(row.name, row.kind == .object ? .none : .cyan),
            ])
        }
        return table.lines(width: width)
    }

    private static func text(_ moment: Instant) -> String {
        String(Timestamp.text(moment).prefix(19)).replacing("T", with: " ")
    }

    var json: JSON {
        JSON(
            rows: rows.map {
                .init(kind: $0.kind, url: $0.url, bytes: $0.size?.bytes, changed: $0.moment.map(Timestamp.init))
            })
    }

    /// `sky storage ls --output json`
    struct JSON: Encodable {
        let version = 1
        let rows: [Row]

        struct Row: Encodable {
            let kind: Kind
            let url: String
            @Nullable var bytes: Int64?
            @Nullable var changed: Timestamp?
        }
    }
}

import SkyCore

/// One transfer under way.
struct Courier<Source: ArtifactStore, Destination: ArtifactStore> {
    private let source: Source
    private let destination: Destination
    private let contents: ArtifactContents
    private let progress: @Sendable (TransferProgress) -> Void
    private let total: DataSize
    private var report = TransferReport(moved: .zero, skipped: .zero, resumed: .zero)

    private static var pieceSize: Int { 1 << 20 }

    init(
        source: Source, destination: Destination, contents: ArtifactContents,
        progress: @escaping @Sendable (TransferProgress) -> Void
    ) {
        self.source = source
        self.destination = destination
        self.contents = contents
        self.progress = progress
        total = contents.blobs.reduce(.zero) { $0 + $1.size }
    }

    consuming func carry() async throws(StorageError) -> TransferReport {
        // A sweep of the destination may take away what no manifest there names yet; then it is brought once more.
        for _ in 0..<3 {
            let wanted = try await destination.missing(among: contents.blobs)
            report.skipped = total - wanted.reduce(.zero) { $0 + $1.size }
            report.moved = .zero
            report.resumed = .zero
            tell()
            for blob in wanted { try await carry(blob) }
            do {
                try await destination.publish(contents)
                return report
            } catch .missing {
                continue
            }
        }
        throw .missing(contents.artifact.digest)
    }

    private mutating func carry(_ blob: Blob) async throws(StorageError) {
        let before = report
        do {
            try await carryOnce(blob)
        } catch .corrupt(blob.digest) {
            // Either the source is damaged, which this says and remembers, or what an earlier transfer left here was,
            // and is gone now.
            try await source.verify(blob)
            report = before
            try await carryOnce(blob)
        }
    }

    private mutating func carryOnce(_ blob: Blob) async throws(StorageError) {
        guard let receiver = try await destination.receive(blob) else {
            report.skipped = report.skipped + blob.size
            return tell()
        }
        var offset = receiver.resumedAt
        report.resumed = report.resumed + DataSize(bytes: offset)
        while offset < blob.size.bytes {
            if Task.isCancelled { throw .cancelled }
            let count = Int(min(Int64(Self.pieceSize), blob.size.bytes - offset))
            let piece = try await source.read(blob, from: offset, count: count)
            guard !piece.isEmpty else { break }
            try await receiver.append(piece)
            offset += Int64(piece.count)
            report.moved = report.moved + DataSize(bytes: Int64(piece.count))
            tell()
        }
        try await receiver.finish()
    }

    private func tell() {
        progress(TransferProgress(present: report.moved + report.skipped + report.resumed, total: total))
    }
}

extension DataSize {
    static func - (a: DataSize, b: DataSize) -> DataSize { DataSize(bytes: a.bytes - b.bytes) }
}

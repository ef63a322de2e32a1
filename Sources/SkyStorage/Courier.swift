import SkyCore
import Synchronization

/// One transfer under way.
struct Courier<Source: ArtifactStore, Destination: ArtifactStore>: Sendable {
    private let source: Source
    private let destination: Destination
    private let contents: ArtifactContents
    private let tally: TransferTally

    private static var pieceSize: Int { 1 << 20 }
    /// Where each blob waits for a server's answers, many wait together.
    private var width: Int {
        source is any BlobFileMoving || destination is any BlobFileMoving ? 16 : 1
    }

    init(
        source: Source, destination: Destination, contents: ArtifactContents,
        progress: @escaping @Sendable (TransferProgress) -> Void
    ) {
        self.source = source
        self.destination = destination
        self.contents = contents
        tally = TransferTally(contents.blobs.reduce(.zero) { $0 + $1.size }, progress)
    }

    func carry() async throws(StorageError) -> TransferReport {
        // A sweep of the destination may take away what no manifest there names yet; then it is brought once more.
        for _ in 0..<3 {
            let wanted = try await destination.missing(among: contents.blobs)
            tally.begin(wanted.reduce(.zero) { $0 + $1.size })
            try await concurrently(wanted, width: width) { blob async throws(StorageError) in try await carry(blob) }
            do {
                try await destination.publish(contents)
                return tally.report
            } catch .missing {
                continue
            }
        }
        throw .missing(contents.artifact.digest)
    }

    private func carry(_ blob: Blob) async throws(StorageError) {
        let before = BlobTally(tally)
        do {
            try await carryOnce(blob, before)
        } catch .corrupt(blob.digest) {
            // Either the source is damaged, which this says and remembers, or what an earlier transfer left here was,
            // and is gone now.
            do throws(StorageError) { try await source.verify(blob) } catch .missing {
                // It has found that out itself, and taken the blob away.
                throw .corrupt(blob.digest)
            }
            before.forget()
            try await carryOnce(blob, BlobTally(tally))
        }
    }

    private func carryOnce(_ blob: Blob, _ tally: BlobTally) async throws(StorageError) {
        if let source = source as? BucketArtifactStore, let destination = destination as? BucketArtifactStore,
            let amounts = try await destination.copy(blob, from: source)
        {
            return tally.settle(amounts)
        }
        if let source = source as? any BlobFileHolding, let destination = destination as? any BlobFileMoving {
            let amounts = try await destination.send(blob, from: source.path(of: blob)) { tally.see($0.present) }
            return tally.settle(amounts)
        }
        if let source = source as? any BlobFileMoving, let destination = destination as? any BlobFileHolding {
            var amounts = BlobAmounts(skipped: blob.size.bytes)
            try await destination.takeFile(blob) { path async throws(StorageError) in
                amounts = try await source.bring(blob, to: path) { tally.see($0.present) }
            }
            return tally.settle(amounts)
        }
        try await carryPieces(blob, tally)
    }

    private func carryPieces(_ blob: Blob, _ tally: BlobTally) async throws(StorageError) {
        guard let receiver = try await destination.receive(blob) else {
            return tally.settle(BlobAmounts(skipped: blob.size.bytes))
        }
        var amounts = BlobAmounts(resumed: receiver.resumedAt)
        var offset = receiver.resumedAt
        while offset < blob.size.bytes {
            if Task.isCancelled { throw .cancelled }
            let count = Int(min(Int64(Self.pieceSize), blob.size.bytes - offset))
            let piece = try await source.read(blob, from: offset, count: count)
            guard !piece.isEmpty else { break }
            try await receiver.append(piece)
            offset += Int64(piece.count)
            amounts.moved += Int64(piece.count)
            tally.settle(amounts)
        }
        tally.settle(amounts)
        try await receiver.finish()
    }
}

/// What all blobs of a transfer have come to.
private final class TransferTally: Sendable {
    private struct State {
        var skippedAtFirst = DataSize.zero
        var amounts = BlobAmounts()
    }

    private let total: DataSize
    private let progress: @Sendable (TransferProgress) -> Void
    private let state = Mutex(State())

    init(_ total: DataSize, _ progress: @escaping @Sendable (TransferProgress) -> Void) {
        self.total = total
        self.progress = progress
    }

    func begin(_ wanted: DataSize) {
        state.withLock { $0 = State(skippedAtFirst: total - wanted) }
        add(BlobAmounts())
    }

    func add(_ more: BlobAmounts) {
        let present = state.withLock { state in
            state.amounts.moved += more.moved
            state.amounts.skipped += more.skipped
            state.amounts.resumed += more.resumed
            return state.skippedAtFirst.bytes + state.amounts.sum
        }
        progress(TransferProgress(present: DataSize(bytes: present), total: total))
    }

    var report: TransferReport {
        let state = state.withLock { $0 }
        return TransferReport(
            moved: DataSize(bytes: state.amounts.moved),
            skipped: state.skippedAtFirst + DataSize(bytes: state.amounts.skipped),
            resumed: DataSize(bytes: state.amounts.resumed))
    }
}

/// What one blob has come to, so that it can be taken back.
private final class BlobTally: Sendable {
    private let tally: TransferTally
    private let amounts = Mutex(BlobAmounts())

    init(_ tally: TransferTally) { self.tally = tally }

    /// So much is there; of what kind shows in the end.
    func see(_ present: DataSize) {
        settle(BlobAmounts(moved: max(present.bytes, amounts.withLock { $0.moved })))
    }

    func settle(_ new: BlobAmounts) {
        let change = amounts.withLock { amounts in
            defer { amounts = new }
            return BlobAmounts(
                moved: new.moved - amounts.moved, skipped: new.skipped - amounts.skipped,
                resumed: new.resumed - amounts.resumed)
        }
        tally.add(change)
    }

    func forget() { settle(BlobAmounts()) }
}

extension BlobAmounts {
    fileprivate var sum: Int64 { moved + skipped + resumed }
}

extension DataSize {
    static func - (a: DataSize, b: DataSize) -> DataSize { DataSize(bytes: a.bytes - b.bytes) }
}

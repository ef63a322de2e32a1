import Glibc
import SkyCore
import Synchronization

/// Writes one blob into a local store. Its lock on the partial file ends with it, or with its process.
final class LocalBlobReceiver: BlobReceiver {
    let resumedAt: Int64
    private let blob: Blob
    private let layout: StoreLayout
    private let state: Mutex<State>

    private struct State: ~Copyable {
        let file: OpenFile
        /// Of all bytes in the file; nil once finished.
        var hasher: SHA256Hasher?
        var count: Int64
    }

    private init(_ blob: Blob, layout: StoreLayout, resumedAt: Int64, state: consuming sending State) {
        self.blob = blob
        self.layout = layout
        self.resumedAt = resumedAt
        self.state = Mutex(state)
    }

    /// Nil when the blob is here, or was brought by somebody else while this waited.
    static func begin(
        _ blob: Blob, in layout: StoreLayout, cancellation: CancellationFlag
    ) throws(StorageError) -> LocalBlobReceiver? {
        let lock = try layout.enter()
        defer { lock.holdUntilHere() }
        while true {
            if try layout.holds(blob) { return nil }
            let file = try OpenFile(layout.partial(blob.digest), O_RDWR | O_CREAT, to: "write")
            try file.lockExclusively(cancellation: cancellation)
            // Renamed or removed while we waited: look again.
            guard try file.isStillAtPath() else { continue }
            if try file.status().size > blob.size.bytes { try file.truncate(to: 0) }
            var hasher = SHA256Hasher()
            let count = try hash(file, into: &hasher, cancellation: cancellation)
            let state = State(file: file, hasher: hasher, count: count)
            return LocalBlobReceiver(blob, layout: layout, resumedAt: count, state: state)
        }
    }

    func append(_ bytes: [UInt8]) async throws(StorageError) {
        try await offPool { [self] cancellation throws(StorageError) in
            try cancellation.check()
            try withState { state throws(StorageError) in
                guard state.count + Int64(bytes.count) <= blob.size.bytes else { throw .corrupt(blob.digest) }
                state.hasher?.update(bytes)
                try state.file.writeAroundHoles(bytes)
                state.file.startWriting(from: state.count, count: Int64(bytes.count))
                state.count += Int64(bytes.count)
            }
        }
    }

    func finish() async throws(StorageError) {
        try await offPool { [self] _ throws(StorageError) in
            let lock = try layout.enter()
            defer { lock.holdUntilHere() }
            try withState { state throws(StorageError) in
                guard let hasher = state.hasher.take() else { return }
                guard state.count == blob.size.bytes, hasher.finalize() == blob.digest else {
                    try FileTree.removeFile(state.file.path)
                    throw .corrupt(blob.digest)
                }
                try state.file.truncate(to: state.count)
                fchmod(state.file.descriptor, 0o400)
                try state.file.sync()
                try FileTree.move(state.file.path, to: layout.blob(blob.digest))
            }
        }
    }

    private func withState(_ body: (inout State) throws(StorageError) -> Void) throws(StorageError) {
        try state.withLock { state throws(StorageError) in try body(&state) }
    }

    /// Leaves the file standing at its end.
    private static func hash(
        _ file: borrowing OpenFile, into hasher: inout SHA256Hasher, cancellation: CancellationFlag
    ) throws(StorageError) -> Int64 {
        var total: Int64 = 0
        while true {
            try cancellation.check()
            let bytes = try file.read(upTo: BlobIntake.bufferSize)
            hasher.update(bytes)
            total += Int64(bytes.count)
            if bytes.count < BlobIntake.bufferSize { return total }
        }
    }
}

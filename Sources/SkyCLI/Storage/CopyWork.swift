import SkyCore
import SkyStorage
import Synchronization

/// Carries out a plan of copies, several side by side.
struct CopyWork: Sendable {
    let stores: ChosenStores
    /// What has to be known to go on with uploads.
    let state: String
    /// Files at once, and parts of one.
    let files: Int
    let parts: Int
    let existing: ExistingObject
    let meter: CopyMeter

    /// The first failure ends the rest, and is thrown.
    ///
    /// - Throws: `StorageError`; what is wrong with the settings of a service.
    func run(_ items: [CopyPlan.Item]) async throws {
        let ends = items.prefix(1).flatMap { [$0.source.url, $0.destination.url] }
        let (from, to) = (try ends.first?.map(stores.store), try ends.last?.map(stores.store))
        try await concurrently(items, width: files) { item async throws(StorageError) in
            try await copy(item, from, to)
        }
    }

    /// All sources are of one store, and all destinations.
    private func copy(
        _ item: CopyPlan.Item, _ from: (any ObjectStore)?, _ to: (any ObjectStore)?
    ) async throws(StorageError) {
        let file = meter.begin()
        switch (item.source, item.destination) {
        case (.file(let path), .object(let url)):
            guard let to else { return }
            let upload = ObjectUpload(to, from: path, to: url, existing: existing, state: state, width: parts)
            let report = try await upload.run { file.see($0.present) }
            file.end(moved: report.moved, resumed: report.resumed, isSkipped: report.wasThere)
        case (.object(let url), .file(let path)):
            if existing == .keep, isThere(path) { return file.end(moved: .zero, resumed: .zero, isSkipped: true) }
            guard let from else { return }
            let download = ObjectDownload(from, from: url, to: path, known: item.known, width: parts)
            let report = try await download.run { file.see($0.present) }
            file.end(moved: report.moved, resumed: report.resumed, isSkipped: false)
        case (.object(let source), .object(let destination)):
            guard let from, let to else { return }
            if from.origin == to.origin, source.scheme == destination.scheme {
                let isCopied = try await to.copy(source, to: destination, existing: existing)
                return file.end(moved: isCopied ? item.size : .zero, resumed: .zero, isSkipped: !isCopied)
            }
            let relay = ObjectRelay(from, to, folder: "\(state)/relay", existing: existing, width: parts)
            let report = try await relay.carry(source, to: destination, known: item.known) { file.see($0) }
            file.end(moved: report.moved, resumed: report.resumed, isSkipped: report.wasThere)
        case (.file, .file): break
        }
    }
}

/// Adds up all copies of a command, and shows how far they have come.
final class CopyMeter: Sendable {
    private struct State {
        var moved = Int64(0)
        var resumed = Int64(0)
        /// Of files under way: what of each is there.
        var underWay = Int64(0)
        var copied = 0
        var skipped = 0
        var screen: LiveScreen
        var lastDrawn: ContinuousClock.Instant?
    }

    private let total: DataSize
    private let count: Int
    private let isShown: Bool
    private let start = ContinuousClock.now
    private let state: Mutex<State>

    private static let interval = Duration.milliseconds(200)

    init(total: DataSize, count: Int, on output: any TextOutput) {
        self.total = total
        self.count = count
        isShown = output.terminal.isInteractive
        state = Mutex(State(screen: LiveScreen(output: output)))
    }

    func begin() -> File { File(self) }

    /// One copy.
    final class File: Sendable {
        private let meter: CopyMeter
        private let present = Mutex(Int64(0))

        init(_ meter: CopyMeter) { self.meter = meter }

        func see(_ size: DataSize) {
            let change = present.withLock { present in
                defer { present = max(present, size.bytes) }
                return max(0, size.bytes - present)
            }
            meter.update { $0.underWay += change }
        }

        func end(moved: DataSize, resumed: DataSize, isSkipped: Bool) {
            let seen = present.withLock { $0 }
            meter.update { state in
                state.underWay -= seen
                state.moved += moved.bytes
                state.resumed += resumed.bytes
                if isSkipped { state.skipped += 1 } else { state.copied += 1 }
            }
        }
    }

    private func update(_ change: (inout State) -> Void) {
        state.withLock { state in
            change(&state)
            guard isShown, state.lastDrawn.map({ $0.duration(to: .now) >= Self.interval }) ?? true else { return }
            state.lastDrawn = .now
            try? state.screen.draw([StyledText(line(state))])
        }
    }

    private func line(_ state: State) -> String {
        Self.line(
            present: DataSize(bytes: state.moved + state.resumed + state.underWay), total: total,
            files: state.copied + state.skipped, of: count, elapsed: elapsed)
    }

    /// `1.2 GB of 5 GB, 24 %, 85 MB/s, 45s left`
    static func line(present: DataSize, total: DataSize, files: Int, of count: Int, elapsed: TimeSpan) -> String {
        var parts = ["\(present) of \(total)"]
        if count > 1 { parts.append("\(Figures.grouped(files)) of \(Figures.count(count, "file"))") }
        if total > .zero { parts.append("\(min(100, present.bytes * 100 / total.bytes)) %") }
        if elapsed.milliseconds >= 500, present > .zero {
            let rate = Double(present.bytes) / Double(elapsed.milliseconds) * 1000
            parts.append("\(DataSize(bytes: Int64(rate)))/s")
            let left = Double(max(0, total.bytes - present.bytes)) / rate
            parts.append("\(Figures.clock(.seconds(Int64(left.rounded(.up))))) left")
        }
        return parts.joined(separator: ", ")
    }

    private var elapsed: TimeSpan { TimeSpan(start.duration(to: .now)) }

    /// Takes the line away.
    func end() {
        state.withLock { state in
            try? state.screen.clear()
            try? state.screen.end()
        }
    }

    var result: Result {
        state.withLock { state in
            Result(
                files: state.copied, skipped: state.skipped, moved: state.moved, resumed: state.resumed,
                milliseconds: elapsed.milliseconds)
        }
    }

    /// `sky storage cp --output json`; sizes in bytes.
    struct Result: Encodable {
        let version = 1
        let files: Int
        let skipped: Int
        let moved: Int64
        let resumed: Int64
        let milliseconds: Int64
    }
}

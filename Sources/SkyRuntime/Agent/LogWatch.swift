import Glibc
import SkyProcess

/// Tells when jobs have written to their logs.
final class LogWatch {
    private let loop: EventLoop
    private let onChange: (String) -> Void
    /// Negative where the machine has no watch left to give: then the logs are looked at every `interval`.
    private let descriptor: Int32
    private var jobs: [Int32: String] = [:]
    private var watched: [String: Int32] = [:]
    private var isLooking = false

    private static let interval: Int64 = 50

    init(loop: EventLoop, onChange: @escaping (String) -> Void) {
        self.loop = loop
        self.onChange = onChange
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        if descriptor >= 0 { loop.watch(descriptor, for: .reading) { [weak self] _ in self?.receive() } }
    }

    /// From now on `onChange` is called with the job whenever its log has grown.
    func add(_ job: String, log: String) {
        guard watched[job] == nil else { return }
        let watch = descriptor >= 0 ? inotify_add_watch(descriptor, log, UInt32(IN_MODIFY)) : -1
        watched[job] = watch
        if watch >= 0 { jobs[watch] = job } else { look() }
    }

    func remove(_ job: String) {
        guard let watch = watched.removeValue(forKey: job), watch >= 0 else { return }
        jobs[watch] = nil
        inotify_rm_watch(descriptor, watch)
    }

    private func receive() {
        var changed: Set<Int32> = []
        withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 8) { buffer in
            while case .bytes(let count) = Descriptor.read(descriptor, into: buffer) {
                var offset = 0
                while offset + MemoryLayout<inotify_event>.size <= count {
                    let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                    changed.insert(event.wd)
                    offset += MemoryLayout<inotify_event>.size + Int(event.len)
                }
            }
        }
        for watch in changed {
            if let job = jobs[watch] { onChange(job) }
        }
    }

    private func look() {
        guard !isLooking else { return }
        isLooking = true
        loop.after(milliseconds: Self.interval) { [weak self] in
            guard let self else { return }
            isLooking = false
            let unwatched = watched.filter { $0.value < 0 }.keys
            for job in unwatched { onChange(job) }
            if !unwatched.isEmpty { look() }
        }
    }
}

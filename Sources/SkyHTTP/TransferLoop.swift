import CCurl
import Glibc
import Synchronization

/// The one thread that touches libcurl's multi handle. Others leave commands in its inbox and wake it.
final class TransferLoop: Sendable {
    private enum Command: Sendable {
        case start(Order)
        case cancel(UInt64)
        case stop
    }

    private struct Inbox {
        var commands: [Command] = []
        var isRunning = false
        var lastID: UInt64 = 0
    }

    /// Only `curl_multi_wakeup`, which libcurl allows from any thread, is called on it outside the loop's thread.
    private nonisolated(unsafe) let multi: UnsafeMutableRawPointer?
    private let inbox = Mutex(Inbox())

    init() {
        multi = Self.libraryIsReady ? curl_multi_init() : nil
    }

    /// libcurl wants this called before anything else, and once.
    private static let libraryIsReady = curl_global_init(Int(CURL_GLOBAL_SSL | CURL_GLOBAL_WIN32)) == CURLE_OK

    func nextID() -> UInt64 {
        inbox.withLock { inbox in
            inbox.lastID += 1
            return inbox.lastID
        }
    }

    /// Call it inside the task that waits, whose cancellation may have come before the order.
    func start(_ order: Order) {
        guard multi != nil else { return order.refuse(.unavailable, "libcurl cannot be used") }
        let mustStart = inbox.withLock { inbox in
            inbox.commands.append(.start(order))
            defer { inbox.isRunning = true }
            return !inbox.isRunning
        }
        if Task.isCancelled { cancel(order.id) }
        if mustStart { startThread() } else { wake() }
    }

    func cancel(_ id: UInt64) {
        inbox.withLock { $0.commands.append(.cancel(id)) }
        wake()
    }

    /// The thread ends and takes the multi handle with it. Nobody may ask for anything afterwards.
    func stop() {
        let isRunning = inbox.withLock { inbox in
            inbox.commands.append(.stop)
            return inbox.isRunning
        }
        if isRunning { wake() } else if let multi { curl_multi_cleanup(multi) }
    }

    private func wake() {
        if let multi { curl_multi_wakeup(multi) }
    }

    private func takeCommands() -> [Command] {
        inbox.withLock { inbox in
            defer { inbox.commands = [] }
            return inbox.commands
        }
    }

    private func startThread() {
        let context = Unmanaged.passRetained(self)
        if Self.spawn(context.toOpaque()) { return }
        context.release()
        inbox.withLock { $0.isRunning = false }
        for command in takeCommands() {
            if case .start(let order) = command { order.refuse(.unavailable, "no thread can be started") }
        }
    }

    private static func spawn(_ context: UnsafeMutableRawPointer) -> Bool {
        // The process's signals are for other threads, and a broken pipe inside a TLS library is for nobody.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let isRunning = startDetached(context)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        return isRunning
    }

    private static func startDetached(_ context: UnsafeMutableRawPointer) -> Bool {
        var thread = pthread_t()
        let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
            guard let context else { return nil }
            let loop = Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue()
            if let multi = loop.multi { loop.run(multi) }
            return nil
        }
        guard pthread_create(&thread, nil, main, context) == 0 else { return false }
        pthread_detach(thread)
        return true
    }

    private func run(_ multi: UnsafeMutableRawPointer) {
        var live: [UnsafeMutableRawPointer: Transfer] = [:]
        while true {
            for command in takeCommands() {
                switch command {
                case .start(let order):
                    guard let transfer = Transfer(order) else { continue }
                    live[transfer.handle] = transfer
                    curl_multi_add_handle(multi, transfer.handle)
                case .cancel(let id):
                    guard let transfer = live.values.first(where: { $0.id == id }) else { continue }
                    live[transfer.handle] = nil
                    curl_multi_remove_handle(multi, transfer.handle)
                    transfer.end(.cancelled)
                case .stop:
                    curl_multi_cleanup(multi)
                    return
                }
            }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            var code = CURLE_OK
            while let handle = sky_curl_next_done(multi, &code) {
                curl_multi_remove_handle(multi, handle)
                live.removeValue(forKey: handle)?.end(.performed(code))
            }
            curl_multi_poll(multi, nil, 0, 60_000, nil)
        }
    }
}

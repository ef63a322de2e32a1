import Glibc
import SkyCore
import SkyProcess
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Why a program gave no answer.
struct ExecFailure: Error, Hashable, Sendable {
    let reason: String
}

/// A program of a provider while it runs: lines go to its standard input, and lines come from its standard output.
///
/// Whatever it writes, it cannot harm anything here: what is no answer to something that was asked is passed over, a line without an
/// end is the program's end, and so is silence.
final class ExecSession: Sendable {
    /// Longer lines are not read: 16 MiB.
    static let longestLine = 16 << 20

    private typealias Waiter = CheckedContinuation<Result<[UInt8], ExecFailure>, Never>

    private struct State {
        var waiters: [Int: Waiter] = [:]
        var lastID = 0
        /// The latest sign of life that counts: an answer, or a question after which one is due.
        var lastAnswer = ContinuousClock.now
        /// Why nothing comes any more.
        var ending: ExecFailure?
        /// The beginning of the last line that was no answer, for people.
        var stray: String?
    }

    private let process: SpawnedProcess
    private let socket: Int32
    private let timeLimit: Duration
    private let state = Mutex(State())
    /// Two lines must not get into each other.
    private let writing = Mutex(())

    /// - Parameters:
    ///   - log: where the program's standard error goes.
    ///   - environment: all of it.
    init(_ settings: ExecSettings, environment: [String: String], log: String) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        // A pair of sockets, not pipes: shut down from here, it also ends a wait for those who hold the other end.
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw .last("make a socket")
        }
        defer { close(ends[1]) }
        do throws(SystemError) {
            process = try ProcessSpawn(
                settings.program[0], Array(settings.program.dropFirst()), environment: environment,
                workingDirectory: settings.folder, leadership: .session, standardInput: .descriptor(ends[1]),
                standardOutput: .descriptor(ends[1]), standardError: .append(path: log)
            ).start()
        } catch {
            close(ends[0])
            throw error
        }
        socket = ends[0]
        timeLimit = .milliseconds(settings.timeLimit.milliseconds)
        startThread { [self] in read() }
    }

    /// The program is gone, or as good as that.
    var isOver: Bool { state.withLock { $0.ending != nil } }

    /// Asks, and returns the line of the answer.
    ///
    /// - Parameter line: of a question with this number, its end included.
    func ask(_ line: @Sendable (_ id: Int) throws -> [UInt8]) async -> Result<[UInt8], ExecFailure> {
        let id = state.withLock { state in
            state.lastID += 1
            if state.waiters.isEmpty { state.lastAnswer = .now }
            return state.lastID
        }
        let bytes: [UInt8]
        do { bytes = try line(id) } catch {
            return .failure(ExecFailure(reason: "what to ask cannot be written: \(error)"))
        }
        let watch = Task.detached { [weak self, timeLimit] in
            while let end = self?.patienceEnds(timeLimit), end > .now {
                guard (try? await Task.sleep(until: end, clock: .continuous)) != nil else { return }
            }
            self?.end("it has answered nothing for \(TimeSpan(timeLimit))")
        }
        defer { watch.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                let ending = state.withLock { state in
                    if state.ending == nil { state.waiters[id] = waiter }
                    return state.ending
                }
                if let ending { return waiter.resume(returning: .failure(ending)) }
                // It need not read at once what is written.
                startThread { [self] in write(bytes) }
            }
        } onCancel: {
            answer(id, .failure(ExecFailure(reason: "nobody waits for its answer any more")))
        }
    }

    private func patienceEnds(_ limit: Duration) -> ContinuousClock.Instant {
        state.withLock { $0.lastAnswer + limit }
    }

    private func write(_ bytes: [UInt8]) {
        writing.withLock { _ in
            do throws(SystemError) { try Descriptor.writeAll(socket, bytes) } catch { end("it does not listen") }
        }
    }

    private func answer(_ id: Int, _ result: Result<[UInt8], ExecFailure>) {
        let waiter = state.withLock { state in
            if case .success = result { state.lastAnswer = .now }
            return state.waiters.removeValue(forKey: id)
        }
        waiter?.resume(returning: result)
    }

    /// Ends the program, and tells everybody who waits why.
    func end(_ reason: String) {
        let waiters = state.withLock { state -> [Waiter] in
            guard state.ending == nil else { return [] }
            let stray = state.stray.map { "; the last line that was no answer: '\($0)'" } ?? ""
            state.ending = ExecFailure(reason: reason + stray)
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        shutdown(socket, Int32(SHUT_RDWR))
        for waiter in waiters {
            waiter.resume(returning: .failure(state.withLock { $0.ending } ?? ExecFailure(reason: reason)))
        }
    }

    // MARK: The reading thread

    private func read() {
        var pending: [UInt8] = []
        var searched = 0
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { chunk.deallocate() }
        while case .bytes(let count) = Descriptor.read(socket, into: chunk) {
            pending.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[..<count]))
            while let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                take(Array(pending[..<end]))
                pending.removeFirst(end + 1)
                searched = 0
            }
            searched = pending.count
            if pending.count > Self.longestLine { end("it wrote a line of more than \(Self.longestLine) bytes") }
        }
        finish()
    }

    private func take(_ line: [UInt8]) {
        if let envelope = try? JSONDecoder().decode(ExecMessages.Envelope.self, from: Data(line)) {
            return answer(envelope.id, .success(line))
        }
        guard line.contains(where: { $0 > UInt8(ascii: " ") }) else { return }
        let shown = String(decoding: line.prefix(120), as: UTF8.self).map { $0.isNewline || $0 < " " ? " " : $0 }
        state.withLock { $0.stray = String(shown) }
    }

    /// It has hung up, or was hung up on: it has a second to end by itself.
    private func finish() {
        for _ in 0..<50 where ProcessTable.isAlive(process.pid) { usleep(20_000) }
        process.signal(SIGKILL)
        let how = process.waitBlocking()
        switch how {
        case .exited(let code): end("it ended with code \(code)")
        case .signalled(let signal): end("it was ended by signal \(signal)")
        }
        writing.withLock { _ in _ = close(socket) }
    }
}

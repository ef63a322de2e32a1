import Glibc
import SkyCore
import SkyProcess
import Synchronization

/// A nursery, and who waits for its agents. Ends it when it is no longer wanted.
final class NurseryClient: Sendable {
    /// How an agent's start ended.
    enum Outcome: Equatable {
        case ready
        /// It was gone before it was ready.
        case ended(code: Int)
        /// The nursery itself is gone: what has become of the agent is not known.
        case nurseryGone
    }

    private struct Books {
        var waiting: [Int: CheckedContinuation<Outcome, Never>] = [:]
        var last = 0
        var isGone = false
    }

    private let requests: Int32
    private let books = Mutex(Books())

    init(executable: String) throws(SystemError) {
        let input = try Descriptor.pipe()
        let output: (reading: Int32, writing: Int32)
        do throws(SystemError) { output = try Descriptor.pipe() } catch {
            close(input.reading)
            close(input.writing)
            throw error
        }
        requests = input.writing
        defer {
            close(input.reading)
            close(output.writing)
        }
        do throws(SystemError) {
            let process = try AgentCommand.nursery(
                executable: executable, input: input.reading, output: output.writing
            ).start()
            process.reap()
        } catch {
            close(output.reading)
            close(input.writing)
            throw error
        }
        // The thread lives as long as the nursery, which lives until the requests' pipe is closed.
        startThread { [weak self] in
            Self.readLines(from: output.reading) { line in self?.take(line) }
            self?.nurseryIsGone()
        }
    }

    deinit { close(requests) }

    /// Starts an agent with these arguments of `sky-agent`. Nil, and nothing started, when they are too long for a
    /// request that the pipe takes whole, whoever else writes to it.
    func start(_ arguments: [String]) async -> Outcome? {
        guard arguments.reduce(20, { $0 + $1.utf8.count + 1 }) <= Int(PIPE_BUF) else { return nil }
        return await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
            let number: Int? = books.withLock { books in
                guard !books.isGone else { return nil }
                books.last += 1
                books.waiting[books.last] = continuation
                return books.last
            }
            guard let number else { return continuation.resume(returning: .nurseryGone) }
            let request = (["\(number)"] + arguments).reduce(into: [UInt8]()) { $0 += Array($1.utf8) + [0] } + [0]
            // Where the nursery is gone, its thread says so.
            try? Descriptor.writeAll(requests, request)
        }
    }

    private func take(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count >= 2, let number = Int(words[0]) else { return }
        let waiting = books.withLock { $0.waiting.removeValue(forKey: number) }
        waiting?.resume(returning: words[1] == "ready" ? .ready : .ended(code: words.last.flatMap { Int($0) } ?? 1))
    }

    private func nurseryIsGone() {
        let waiting = books.withLock { books in
            books.isGone = true
            defer { books.waiting = [:] }
            return Array(books.waiting.values)
        }
        for waiting in waiting { waiting.resume(returning: .nurseryGone) }
    }

    private static func readLines(from descriptor: Int32, _ take: (Substring) -> Void) {
        defer { close(descriptor) }
        var (text, buffer) = ("", [UInt8](repeating: 0, count: 4096))
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            text += String(decoding: buffer.prefix(count), as: UTF8.self)
            while let end = text.firstIndex(of: "\n") {
                take(text[..<end])
                text = String(text[text.index(after: end)...])
            }
        }
    }
}

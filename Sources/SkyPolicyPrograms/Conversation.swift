import Glibc
import SkyCore
import SkyProcess

/// A policy program while it runs: lines to its standard input, lines from its standard output, the end of what it
/// writes to standard error, and a moment at which all of that is over.
///
/// Everything is done on the calling thread, with `poll`: a program that does not read, does not write or writes too
/// much to the wrong stream is noticed like any other.
final class Conversation {
    enum Failure: Error {
        case notStarted(String)
        /// It ended without an answer.
        case ended(ProcessEnd)
        case tooLate
        case lineTooLong
    }

    /// Lines longer than this are not read: 64 MiB.
    private static let longestLine = 1 << 26
    /// Of what is written to standard error, so many bytes are kept.
    private static let keptErrors = 1 << 14

    private let process: SpawnedProcess
    private var input: Int32
    private var output: Int32
    private var errors: Int32
    private let deadline: ContinuousClock.Instant
    private var pending: [UInt8] = []
    private var searched = 0
    private var errorBytes: [UInt8] = []

    init(_ command: ProgramCommand, timeLimit: TimeSpan) throws(Failure) {
        deadline = .now.advanced(by: .milliseconds(timeLimit.milliseconds))
        do throws(SystemError) {
            let (inputs, outputs, complaints) = (try Descriptor.pipe(), try Descriptor.pipe(), try Descriptor.pipe())
            defer { for end in [inputs.reading, outputs.writing, complaints.writing] { close(end) } }
            (input, output, errors) = (inputs.writing, outputs.reading, complaints.reading)
            for end in [input, output, errors] { Descriptor.setNonBlocking(end) }
            do throws(SystemError) {
                // In this process's group: Ctrl-C ends both.
                let spawn = ProcessSpawn(
                    command.path, command.arguments, standardInput: .descriptor(inputs.reading),
                    standardOutput: .descriptor(outputs.writing), standardError: .descriptor(complaints.writing))
                process = try Self.start(spawn, before: deadline)
            } catch {
                for end in [inputs.writing, outputs.reading, complaints.reading] { close(end) }
                throw error
            }
        } catch {
            // The file is there, or it would have been refused before.
            let isLost = error.code == ENOENT && Files.exists(command.path)
            throw .notStarted(
                isLost ? "cannot start it: the interpreter that its first line names is not there" : error.description)
        }
    }

    /// Whoever has just written the program may still hold it open for a moment.
    private static func start(
        _ spawn: ProcessSpawn, before deadline: ContinuousClock.Instant
    ) throws(SystemError) -> SpawnedProcess {
        while true {
            do throws(SystemError) { return try spawn.start() } catch {
                guard error.code == ETXTBSY, ContinuousClock.now < deadline else { throw error }
                usleep(5000)
            }
        }
    }

    /// The last lines that it wrote to standard error, at most `count`.
    func lastErrors(_ count: Int) -> [String] {
        drain(&errors) { errorBytes += $0 }
        let lines = String(decoding: errorBytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: true)
        return lines.suffix(count).map { String($0.prefix(300)) }
    }

    /// Writes `bytes`, whatever it does meanwhile. A program that does not read is no failure: it may know its answer.
    func say(_ bytes: [UInt8]) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty, input >= 0 {
            try wait(forInput: true)
            guard input >= 0 else { return }
            switch rest.withUnsafeBytes({ Descriptor.write(input, $0) }) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlock: break
            case .ended: stopTalking()
            }
        }
    }

    /// The next line, without its end.
    func nextLine() throws(Failure) -> [UInt8] {
        while true {
            if let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(pending[..<end])
                pending.removeFirst(end + 1)
                searched = 0
                if line.contains(where: { $0 > UInt8(ascii: " ") }) { return line }
                continue
            }
            searched = pending.count
            guard pending.count < Self.longestLine else { throw .lineTooLong }
            guard output >= 0 else {
                // A last line need not be ended.
                if pending.contains(where: { $0 > UInt8(ascii: " ") }) {
                    defer { pending = [] }
                    searched = 0
                    return pending
                }
                throw .ended(try waitForEnd())
            }
            try wait(forInput: false)
        }
    }

    /// Ends the program and all that it started, unless it ends by itself within a second.
    func finish() {
        stopTalking()
        let patience = min(deadline, .now.advanced(by: .seconds(1)))
        while output >= 0, ContinuousClock.now < patience { poll(until: patience, forInput: false) }
        let others = ProcessTable.descendants(of: process.pid)
        if output >= 0 || ProcessTable.isAlive(process.pid) { process.signal(SIGKILL) }
        for other in others { kill(other.pid, SIGKILL) }
        process.waitBlocking()
        for end in [output, errors] where end >= 0 { close(end) }
        (output, errors) = (-1, -1)
    }

    private func stopTalking() {
        if input >= 0 { close(input) }
        input = -1
    }

    /// It has closed its standard output; now it has until the deadline to be gone.
    private func waitForEnd() throws(Failure) -> ProcessEnd {
        stopTalking()
        while ProcessTable.isAlive(process.pid) {
            guard ContinuousClock.now < deadline else { throw .tooLate }
            usleep(2000)
        }
        return process.waitBlocking()
    }

    private func wait(forInput: Bool) throws(Failure) {
        guard ContinuousClock.now < deadline else { throw .tooLate }
        poll(until: deadline, forInput: forInput)
    }

    /// Waits until something can be read, or written if `forInput`, and reads what there is.
    private func poll(until moment: ContinuousClock.Instant, forInput: Bool) {
        let left = ContinuousClock.now.duration(to: moment)
        let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
        var ends = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
        ]
        if forInput { ends.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0)) }
        _ = Glibc.poll(&ends, nfds_t(ends.count), Int32(clamping: min(max(milliseconds, 0) + 1, 60_000)))
        drain(&output) { pending += $0 }
        drain(&errors) { chunk in
            errorBytes += chunk
            if errorBytes.count > 2 * Self.keptErrors { errorBytes.removeFirst(errorBytes.count - Self.keptErrors) }
        }
    }

    /// Reads what is there, at most a megabyte, and closes the descriptor at its end.
    private func drain(_ descriptor: inout Int32, _ take: (ArraySlice<UInt8>) -> Void) {
        guard descriptor >= 0 else { return }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        for _ in 0..<16 {
            switch chunk.withUnsafeMutableBytes({ Descriptor.read(descriptor, into: $0) }) {
            case .bytes(let count): take(chunk[..<count])
            case .wouldBlock: return
            case .ended:
                close(descriptor)
                descriptor = -1
                return
            }
        }
    }
}

import Glibc
import SkyProcess

/// One call of a program, with what it was given to read and what it printed.
struct ShellCommand: Sendable {
    enum Input: Sendable {
        case nothing
        case text(String)
        /// The file from this byte on.
        case file(path: String, offset: Int64)
    }

    struct Outcome: Sendable {
        var exitCode: Int
        var output: String
        var errors: String

        /// What it said last, for people.
        var lastLine: String {
            errors.split(separator: "\n").last.map(String.init) ?? "it ended with \(exitCode)"
        }
    }

    var program: String
    var arguments: [String]
    var input = Input.nothing
    /// After so long it is ended.
    var limit = Duration.seconds(600)

    /// Both streams go to files without names: a connection that stays in the background must not hold up whoever waits
    /// for their end. Ended at once when the task is cancelled.
    func run() async throws(SystemError) -> Outcome {
        let (output, errors) = (try Self.scratch(), try Self.scratch())
        defer {
            close(output)
            close(errors)
        }
        let input = try opened()
        let process: SpawnedProcess
        do throws(SystemError) {
            defer { if let input { close(input) } }
            process = try ProcessSpawn(
                program, arguments, leadership: .session, standardInput: input.map { .descriptor($0) } ?? .null,
                standardOutput: .descriptor(output), standardError: .descriptor(errors)
            ).start()
        } catch { throw error }
        let end = await withTaskCancellationHandler {
            let alarm = Task.detached {
                if (try? await Task.sleep(for: limit)) != nil { process.signal(SIGKILL) }
            }
            defer { alarm.cancel() }
            return await process.wait()
        } onCancel: {
            process.signal(SIGKILL)
        }
        return Outcome(exitCode: end.shellCode, output: try Self.text(output), errors: try Self.text(errors))
    }

    private func opened() throws(SystemError) -> Int32? {
        switch input {
        case .nothing: return nil
        case .text(let text):
            let file = try Self.scratch()
            do throws(SystemError) { try Descriptor.writeAll(file, Array(text.utf8)) } catch {
                close(file)
                throw error
            }
            lseek(file, 0, SEEK_SET)
            return file
        case .file(let path, let offset):
            let file = try Descriptor.open(path, O_RDONLY)
            lseek(file, off_t(offset), SEEK_SET)
            return file
        }
    }

    /// A file that is gone with its last descriptor.
    static func scratch() throws(SystemError) -> Int32 {
        var template = Array("/tmp/.sky-shell.XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw .last("make a file in /tmp") }
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        unlink(template)
        return file
    }

    static func text(_ file: Int32) throws(SystemError) -> String {
        lseek(file, 0, SEEK_SET)
        return String(decoding: try Descriptor.readAll(file, limit: 1 << 26), as: UTF8.self)
    }
}

import Glibc
import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Logs")
struct LogTests {
    @Test("one source is copied byte for byte, unfinished lines included")
    func raw() async throws {
        try await withTemporaryFolder { folder in
            let source = LogSource(stage: "train", attempt: 1, rank: 0, path: "\(folder)/log")
            let output = CapturedOutput()
            var view = LogView(output: output, isLabelled: false)
            try view.show([source], isLast: false)
            append("10%\r20%", to: source.path)
            try view.show([source], isLast: false)
            append("\rdone\n", to: source.path)
            try view.show([source], isLast: false)
            try view.show([source], isLast: true)
            #expect(output.text == "10%\r20%\rdone\n")
        }
    }

    @Test("several sources are told apart line by line, and a line is written when it is whole or the end has come")
    func labelled() async throws {
        try await withTemporaryFolder { folder in
            let clean = LogSource(stage: "preprocess", attempt: 1, rank: 0, path: "\(folder)/a")
            let train = LogSource(stage: "train", attempt: 2, rank: 1, path: "\(folder)/b")
            let output = CapturedOutput()
            var view = LogView(output: output, isLabelled: true)
            append("one\ntwo\nthr", to: clean.path)
            try view.show([clean, train], isLast: false)
            append("epoch 1\n", to: train.path)
            append("ee\n", to: clean.path)
            try view.show([clean, train], isLast: false)
            append("cut short", to: train.path)
            try view.show([clean, train], isLast: false)
            try view.show([clean, train], isLast: true)
            let expected = """
                preprocess │ one
                preprocess │ two
                preprocess │ three
                train#2[1] │ epoch 1
                train#2[1] │ cut short

                """
            #expect(output.text == expected)
        }
    }

    @Test("one stream is taken out of both, wherever the marks and the reads fall, and damaged text is left as it is")
    func streams() async throws {
        try await withTemporaryFolder { folder in
            let source = LogSource(stage: "train", attempt: 1, rank: 0, path: "\(folder)/train.1.0.log")
            let (output, errors) = (CapturedOutput(), CapturedOutput())
            var views = [
                LogView(output: output, isLabelled: false, stream: .output),
                LogView(output: errors, isLabelled: false, stream: .errors),
            ]
            func write(_ bytes: [UInt8], _ marks: [LogMark]) throws {
                append(LogMarks.encode(marks), to: "\(folder)/train.1.0.marks")
                append(bytes, to: source.path)
                for index in views.indices { try views[index].show([source], isLast: false) }
            }
            func mark(_ offset: Int64, _ stream: LogStream) -> LogMark {
                LogMark(offset: offset, stream: stream, at: Instant(millisecondsSince1970: 1))
            }
            try write(Array("out".utf8), [mark(0, .output)])
            try write(Array("ERRmoreER".utf8) + [0xff], [mark(3, .errors), mark(6, .output), mark(10, .errors)])
            try write([0xc3], [])
            // Fetched again after a death: the same marks once more.
            try write([0x28, 0x0a, 0x21], [mark(10, .errors), mark(16, .output)])
            #expect(output.bytes == Array("outmore!".utf8))
            #expect(errors.bytes == Array("ERRER".utf8) + [0xff, 0xc3, 0x28, 0x0a])
        }
    }

    @Test("of a log whose beginning was dropped, the rest is shown")
    func trimmed() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/log"
            let text = (0..<200_000).map { "line \($0)\n" }.joined()
            append(text, to: path)
            let descriptor = open(path, O_RDWR)
            LogFile.trim(descriptor, size: LogFile.size(descriptor), keep: 1_000_000)
            let first = Int(LogFile.firstByte(descriptor, from: 0))
            close(descriptor)
            #expect(first > 0)
            let output = CapturedOutput()
            var view = LogView(output: output, isLabelled: false)
            try view.show([LogSource(stage: "a", attempt: 1, rank: 0, path: path)], isLast: true)
            #expect(output.bytes == Array(text.utf8.dropFirst(first)))
        }
    }

    @Test("a log larger than one read comes through whole")
    func large() async throws {
        try await withTemporaryFolder { folder in
            let source = LogSource(stage: "train", attempt: 1, rank: 0, path: "\(folder)/log")
            let text = (0..<300_000).map { "line \($0)\n" }.joined()
            append(text, to: source.path)
            let output = CapturedOutput()
            var view = LogView(output: output, isLabelled: false)
            try view.show([source], isLast: true)
            #expect(output.text == text)
            var file = GrowingFile(path: source.path)
            #expect(file.newLines(isLast: true).count == 300_000)
        }
    }

    private func append(_ text: String, to path: String) { append(Array(text.utf8), to: path) }

    private func append(_ bytes: [UInt8], to path: String) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o600)
        #expect(descriptor >= 0)
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

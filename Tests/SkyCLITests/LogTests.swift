import Glibc
import SkyCore
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

    private func append(_ text: String, to path: String) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o600)
        #expect(descriptor >= 0)
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

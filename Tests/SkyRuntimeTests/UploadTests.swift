import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyRuntime

@Suite("Nodes send files by themselves", .timeLimit(.minutes(5)))
struct UploadTests {
    private static let order = SurveyOrder(checksum: .sha256, smallestPart: 1 << 20, mostParts: 9000)

    @Test("a survey tells every path, every content once, and its parts' checksums")
    func survey() async throws {
        try await withTemporaryFolder { folder in
            try Files.makeFolder("\(folder)/out/deep/empty")
            let long = (0..<(5 << 19)).map { UInt8(truncatingIfNeeded: $0 / 256 ^ $0) }
            try Files.put("\(folder)/out/a", long)
            try Files.put("\(folder)/out/deep/b", long)
            chmod("\(folder)/out/deep/b", 0o755)
            try Files.put("\(folder)/out/none", [])
            symlink("deep/b", "\(folder)/out/link")
            let survey = try Surveyor.survey("\(folder)/out", Self.order)
            let entries = survey.entries.map { "\($0.path) \($0.kind) \($0.isExecutable) \($0.target ?? "-")" }
            #expect(
                entries == [
                    " folder false -", "a file false -", "deep folder false -", "deep/b file true -",
                    "deep/empty folder false -", "link link false deep/b", "none file false -",
                ])
            #expect(survey.contents.map(\.path) == ["a", "none"])
            #expect(survey.contents[0].digest == SHA256.hex(SHA256.digest(of: long)))
            let parts = [long[..<(1 << 20)], long[(1 << 20)..<(2 << 20)], long[(2 << 20)...]]
            #expect(
                survey.contents[0].checksums
                    == parts.map { Data(SHA256.digest(of: Array($0))).base64EncodedString() })
            #expect(survey.contents[1].checksums.count == 1)
        }
    }

    @Test(
        "checksums are those of the services",
        arguments: [
            (SurveyOrder.Checksum.md5, "JfnnlDI7RTiF9RgfG2JNCw=="), (.crc32c, "4waSgw=="),
            (.sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
        ])
    func checksums(kind: SurveyOrder.Checksum, expected: String) async throws {
        var sums = PartChecksums(kind)
        for byte in "123456789".utf8 { withUnsafeBytes(of: byte) { sums.update($0) } }
        #expect(sums.next() == expected)
        // A part of several blocks, and in pieces that fit none of them.
        let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var once = PartChecksums(kind)
        bytes.withUnsafeBytes { once.update($0) }
        for start in stride(from: 0, to: 1_000, by: 37) {
            Array(bytes[start..<min(start + 37, 1_000)]).withUnsafeBytes { sums.update($0) }
        }
        #expect(sums.next() == once.next())
    }

    /// Takes what comes with the header, and says how for each beginning of an address.
    private static func server(_ status: @escaping @Sendable (String) -> Int) throws -> LoopbackHTTPServer {
        try LoopbackHTTPServer { request in
            guard request.method == "PUT", request.headers["x-key"] == "a \"b\"" else { return [.reply(403)] }
            return [.reply(status(request.target))]
        }
    }

    private static func piece(
        _ path: String, _ range: Range<Int>, at url: String, isOrdered: Bool = false
    ) -> UploadOrder.Piece {
        UploadOrder.Piece(
            path: path, offset: Int64(range.lowerBound), count: Int64(range.count),
            url: "\(url)/\(path).\(range.lowerBound)?signature=s%2Bs", headers: ["X-Key: a \"b\""],
            isOrdered: isOrdered)
    }

    @Test("whole files and parts go as they are, by each program", arguments: FetchTests.Program.allCases)
    func send(program: FetchTests.Program) async throws {
        let web = try #require(program.fetcher)
        try await withTemporaryFolder { folder in
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 256 ^ $0) }
            try Files.makeFolder("\(folder)/out/deep")
            try Files.put("\(folder)/out/deep/long", bytes)
            try Files.put("\(folder)/out/none", [])
            let server = try Self.server { $0.hasPrefix("/none") ? 412 : 200 }
            defer { server.stop() }
            let cuts = Array(stride(from: 0, through: 100_000, by: 5_000))
            let pieces =
                zip(cuts, cuts.dropFirst()).map { Self.piece("deep/long", $0..<$1, at: server.url) }
                + [Self.piece("none", 0..<0, at: server.url)]
            let work = UploadWork(
                order: UploadOrder(pieces: pieces), root: "\(folder)/out", staging: "\(folder)/staging")
            let reply = try work.run(with: web)
            #expect(reply == UploadReply(sent: 100_000))
            #expect(server.requests.count == 21 && !Files.exists("\(folder)/staging"))
            for request in server.requests where request.target.hasPrefix("/deep/long.") {
                let start = try #require(Int(request.target.dropFirst(11).prefix { $0 != "?" }))
                #expect(request.body == Array(bytes[start..<start + 5_000]))
            }
            #expect(server.requests.contains { $0.target.hasPrefix("/none") && $0.body.isEmpty })
        }
    }

    @Test("pieces of one stream go one after the other")
    func ordered() async throws {
        try await withTemporaryFolder { folder in
            try Files.put("\(folder)/file", Array(repeating: 7, count: 900))
            let server = try Self.server { $0.hasPrefix("/.800") ? 200 : 308 }
            defer { server.stop() }
            let pieces = stride(from: 0, to: 900, by: 100).map {
                Self.piece("", $0..<$0 + 100, at: server.url, isOrdered: true)
            }
            let work = UploadWork(
                order: UploadOrder(pieces: pieces), root: "\(folder)/file", staging: "\(folder)/staging")
            #expect(try work.run() == UploadReply(sent: 900))
            let starts = server.requests.map { $0.target.dropFirst(2).prefix { $0 != "?" } }
            #expect(starts == ["0", "100", "200", "300", "400", "500", "600", "700", "800"])
        }
    }

    @Test("what is refused is told without the address", arguments: FetchTests.Program.allCases)
    func refused(program: FetchTests.Program) async throws {
        let web = try #require(program.fetcher)
        try await withTemporaryFolder { folder in
            try Files.put("\(folder)/file", [1, 2, 3])
            let server = try Self.server { _ in 404 }
            let url = server.url
            let work = UploadWork(
                order: UploadOrder(pieces: [Self.piece("", 0..<3, at: url)]), root: "\(folder)/file",
                staging: "\(folder)/staging")
            let reply = try work.run(with: web)
            #expect(reply == UploadReply(sent: 0, obstacle: "the store answers the node with status 404"))
            server.stop()
            let other = try work.run(with: web)
            #expect(other.sent == 0 && other.isOutOfReach)
            #expect(other.obstacle?.contains("signature") == false, "\(other)")
        }
    }

    @Test("what cannot be part of an artifact is no survey")
    func unsuitable() async throws {
        try await withTemporaryFolder { folder in
            try Files.makeFolder("\(folder)/out")
            mkfifo("\(folder)/out/pipe", 0o600)
            #expect(throws: NodeObstacle.self) { try Surveyor.survey("\(folder)/out", Self.order) }
        }
    }
}

import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("Nodes fetch files by themselves", .timeLimit(.minutes(5)))
struct FetchTests {
    enum Program: String, CaseIterable {
        case curl, python3

        var fetcher: WebProgram? {
            let path = "/usr/bin/\(rawValue)"
            guard access(path, X_OK) == 0 else { return nil }
            return self == .curl ? .curl(path) : .python(path)
        }
    }

    /// Gives `content` to those who bring the header, in parts where they want that.
    private static func server(_ content: [UInt8]) throws -> LoopbackHTTPServer {
        try LoopbackHTTPServer { request in
            guard request.headers["authorization"] == "Bearer a \"b\"" else { return [.reply(403)] }
            guard request.target.hasPrefix("/x?signature=s%2Bs") else { return [.reply(404)] }
            guard let range = request.headers["range"] else {
                return [
                    .send(LoopbackHTTPServer.Step.head(200, headers: [("Content-Length", "\(content.count)")])),
                    .send(content),
                ]
            }
            let ends = range.dropFirst(6).split(separator: "-").compactMap { Int($0) }
            let part = Array(content[ends[0]...ends[1]])
            let place = "bytes \(ends[0])-\(ends[1])/\(content.count)"
            let headers = [("Content-Length", "\(part.count)"), ("Content-Range", place)]
            return [.send(LoopbackHTTPServer.Step.head(206, headers: headers)), .send(part)]
        }
    }

    private static func contents(_ bytes: [UInt8], at url: String, digest: String? = nil) -> FetchOrder.Contents {
        let own = SHA256.hex(SHA256.digest(of: bytes))
        return FetchOrder.Contents(
            name: own, digest: digest ?? own, size: Int64(bytes.count),
            url: "\(url)/x?signature=s%2Bs", headers: ["Authorization: Bearer a \"b\""])
    }

    @Test("a folder, with equal files, links and long ones, by each program", arguments: Program.allCases)
    func folder(program: Program) async throws {
        let fetcher = try #require(program.fetcher)
        try await withTemporaryFolder { folder in
            var long = [UInt8](repeating: 0x5a, count: Int(FetchWork.pieceSize) + 4321)
            long[long.count - 1] = 1
            let server = try Self.server(long)
            defer { server.stop() }
            let contents = Self.contents(long, at: server.url)
            let order = FetchOrder(
                contents: [contents],
                entries: [
                    .init(path: "", kind: .folder), .init(path: "a", kind: .file, contents: contents.name),
                    .init(path: "deep", kind: .folder),
                    .init(path: "deep/b", kind: .file, contents: contents.name, isExecutable: true),
                    .init(path: "link", kind: .link, target: "deep/b"),
                ])
            let work = FetchWork(order: order, staging: "\(folder)/staging", destination: "\(folder)/in/place")
            #expect(try work.run(with: fetcher) == Int64(long.count))
            for name in ["a", "deep/b", "link"] {
                #expect(try Files.read("\(folder)/in/place/\(name)") == long)
            }
            #expect(access("\(folder)/in/place/deep/b", X_OK) == 0 && !Files.exists("\(folder)/staging"))
            #expect(server.requests.count == 2)
        }
    }

    @Test(
        "what nobody knows the digest of comes all the same, and is gone on with by its name",
        arguments: Program.allCases)
    func unread(program: Program) async throws {
        let fetcher = try #require(program.fetcher)
        try await withTemporaryFolder { folder in
            let bytes = Array("what is to come".utf8)
            let server = try Self.server(bytes)
            defer { server.stop() }
            var (first, second) = (Self.contents(bytes, at: server.url), Self.contents(bytes, at: server.url))
            (first.name, first.digest) = ("aa", nil)
            (second.name, second.digest) = ("bb", nil)
            try Files.makeFolder("\(folder)/staging")
            try Files.put("\(folder)/staging/bb", bytes)
            let order = FetchOrder(
                contents: [first, second],
                entries: [
                    .init(path: "", kind: .folder), .init(path: "a", kind: .file, contents: "aa"),
                    .init(path: "b", kind: .file, contents: "bb"),
                ])
            let work = FetchWork(order: order, staging: "\(folder)/staging", destination: "\(folder)/in")
            #expect(try work.run(with: fetcher) == Int64(bytes.count))
            for name in ["a", "b"] { #expect(try Files.read("\(folder)/in/\(name)") == bytes) }
        }
    }

    @Test("what had come before a call was cut short is not fetched again")
    func resume() async throws {
        try await withTemporaryFolder { folder in
            let bytes = Array("what is to come".utf8)
            let server = try Self.server(bytes)
            defer { server.stop() }
            let contents = Self.contents(bytes, at: server.url)
            try Files.makeFolder("\(folder)/staging")
            try Files.put("\(folder)/staging/\(contents.name).0", bytes)
            let order = FetchOrder(
                contents: [contents], entries: [.init(path: "", kind: .file, contents: contents.name)])
            let work = FetchWork(order: order, staging: "\(folder)/staging", destination: "\(folder)/file")
            #expect(try work.run() == 0 && server.requests.isEmpty)
            #expect(try Files.read("\(folder)/file") == bytes)
        }
    }

    @Test(
        "what is refused, or is something else than was said, is told without the address", arguments: Program.allCases)
    func obstacles(program: Program) async throws {
        let fetcher = try #require(program.fetcher)
        try await withTemporaryFolder { folder in
            let bytes = Array("something".utf8)
            let server = try Self.server(bytes)
            defer { server.stop() }
            let other = Self.contents(bytes, at: server.url, digest: String(repeating: "0", count: 64))
            var refused = Self.contents(bytes, at: server.url)
            refused.headers = []
            for contents in [other, refused] {
                let order = FetchOrder(
                    contents: [contents], entries: [.init(path: "", kind: .file, contents: contents.name)])
                let work = FetchWork(order: order, staging: "\(folder)/staging", destination: "\(folder)/file")
                let obstacle = #expect(throws: NodeObstacle.self) { try work.run(with: fetcher) }
                #expect(obstacle?.reason.contains("signature") == false && !Files.exists("\(folder)/file"))
            }
        }
    }

    @Test("no path leads out of its place", arguments: ["../x", "/x", "a//b", "."])
    func escapes(path: String) async throws {
        try await withTemporaryFolder { folder in
            let order = FetchOrder(contents: [], entries: [.init(path: path, kind: .folder)])
            let work = FetchWork(order: order, staging: "\(folder)/staging", destination: "\(folder)/place")
            #expect(throws: NodeObstacle.self) { try work.run() }
        }
    }
}

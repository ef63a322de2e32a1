import Glibc
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("Copies of trees")
struct TreeCopyTests {
    @Test("a folder comes over with its contents, its links and who may run what")
    func folder() async throws {
        try await withTemporaryFolder { root in
            let source = "\(root)/source"
            try write("#!/bin/sh\n", "\(source)/bin/run", mode: 0o750)
            try write(String(repeating: "x", count: 600_000), "\(source)/data/big")
            try Files.makeFolder("\(source)/empty")
            #expect(symlink("../data/big", "\(source)/bin/link") == 0)
            #expect(symlink("/nowhere", "\(source)/dangling") == 0)
            #expect(mkfifo("\(source)/pipe", 0o600) == 0)

            try TreeCopy.copy(from: source, to: "\(root)/deep/er/target")

            let target = "\(root)/deep/er/target"
            #expect(Files.names(in: target) == ["bin", "dangling", "data", "empty"])
            #expect(try text("\(target)/bin/run") == "#!/bin/sh\n")
            #expect(permissions("\(target)/bin/run") == 0o750)
            #expect(try text("\(target)/bin/link")?.count == 600_000)
            #expect(Disk.kind("\(target)/bin/link") == S_IFLNK)
            #expect(Disk.kind("\(target)/dangling") == S_IFLNK)
            #expect(Files.names(in: "\(root)/deep/er") == ["target"])
        }
    }

    @Test(
        "whatever was there is replaced as a whole",
        arguments: [("file", "file"), ("file", "folder"), ("folder", "file"), ("folder", "folder")])
    func replacing(_ old: String, _ new: String) async throws {
        try await withTemporaryFolder { root in
            for (kind, place) in [(old, "old"), (new, "new")] {
                try write(place, kind == "file" ? "\(root)/\(place)" : "\(root)/\(place)/\(place).txt")
            }
            try TreeCopy.copy(from: "\(root)/new", to: "\(root)/old")
            #expect(try text(new == "file" ? "\(root)/old" : "\(root)/old/new.txt") == "new")
            #expect(Files.names(in: root) == ["new", "old"])
            if new == "folder" { #expect(Files.names(in: "\(root)/old") == ["new.txt"]) }
        }
    }

    @Test("a link that is replaced is not followed")
    func replacingALink() async throws {
        try await withTemporaryFolder { root in
            try write("precious", "\(root)/precious")
            try write("new", "\(root)/new")
            #expect(symlink("precious", "\(root)/link") == 0)
            try TreeCopy.copy(from: "\(root)/new", to: "\(root)/link")
            #expect(try text("\(root)/precious") == "precious")
            #expect(try text("\(root)/link") == "new")
        }
    }

    @Test("a failed copy leaves the old as it was and nothing of the new")
    func failure() async throws {
        try await withTemporaryFolder { root in
            try write("old", "\(root)/old")
            #expect(throws: SystemError.self) { try TreeCopy.copy(from: "\(root)/missing", to: "\(root)/old") }
            #expect(try text("\(root)/old") == "old")
            #expect(Files.names(in: root) == ["old"])
        }
    }

    @Test("a folder may be copied to a place within itself", .timeLimit(.minutes(5)))
    func intoItself() async throws {
        try await withTemporaryFolder { root in
            try write("a", "\(root)/a")
            try TreeCopy.copy(from: root, to: "\(root)/inner/copy")
            #expect(try text("\(root)/inner/copy/a") == "a")
            #expect(Files.names(in: "\(root)/inner/copy/inner") == [])
        }
    }

    @Test("removing follows no links and takes read-only folders along")
    func removal() async throws {
        try await withTemporaryFolder { root in
            try write("precious", "\(root)/precious/file")
            try write("x", "\(root)/tree/locked/x")
            #expect(symlink("../precious", "\(root)/tree/link") == 0)
            chmod("\(root)/tree/locked", 0o500)
            try Disk.remove("\(root)/tree")
            try Disk.remove("\(root)/tree")
            #expect(Files.names(in: root) == ["precious"])
            #expect(try text("\(root)/precious/file") == "precious")
        }
    }
}

@Suite("Paths on a node")
struct NodePathsTests {
    @Test(
        "paths that leave the node are refused",
        arguments: ["..", "../x", "a/../../x", "/etc/passwd", "out/passwd", "out", "nul\0", "a/./../.."])
    func escapes(_ path: String) async throws {
        try await withNode { node in
            #expect(symlink("/etc", "\(node.path)/out") == 0)
            #expect(throws: EscapesNode.self) { try node.existing(path) }
            if path != "out" { #expect(throws: EscapesNode.self) { try node.replaceable(path) } }
        }
    }

    @Test("paths that stay are found, links that stay are followed")
    func stays() async throws {
        try await withNode { node in
            try write("x", "\(node.path)/work/data/file")
            #expect(symlink("work/data", "\(node.path)/short") == 0)
            #expect(try node.existing("work/./data//file") == "\(node.path)/work/data/file")
            #expect(try node.existing("short/file") == "\(node.path)/work/data/file")
            #expect(try node.existing("work/../work") == "\(node.path)/work")
            #expect(try node.existing("") == node.path)
            #expect(try node.existing("work/none") == nil)
            #expect(try node.replaceable("short/new/deep") == "\(node.path)/work/data/new/deep")
        }
    }

    @Test("the node's whole disk and places behind broken links cannot be replaced", arguments: ["", ".", "broken/x"])
    func irreplaceable(_ path: String) async throws {
        try await withNode { node in
            #expect(symlink("/nowhere/at/all", "\(node.path)/broken") == 0)
            #expect(throws: EscapesNode.self) { try node.replaceable(path) }
        }
    }

    @Test("absolute paths never leave the node")
    func absolute() {
        let node = NodePaths(path: "/n")
        #expect(node.absolutePath("work/x") == "/n/work/x")
        #expect(node.absolutePath("") == "/n")
        #expect(node.absolutePath("./a/../../../b") == "/n/b")
    }

    private func withNode(_ body: (NodePaths) throws -> Void) async throws {
        try await withTemporaryFolder { root in
            let real = try #require(Files.absolutePath(root))
            try Files.makeFolder("\(real)/node")
            try body(NodePaths(path: "\(real)/node"))
        }
    }
}

@Suite("Waiting locks")
struct WaitingLockTests {
    @Test("holders take turns", .timeLimit(.minutes(5)))
    func turns() async throws {
        try await withTemporaryFolder { root in
            let counter = "\(root)/counter"
            try write("0", counter)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in 0..<12 {
                    tasks.addTask {
                        let lock = try await WaitingLock.acquire("one", in: "\(root)/locks")
                        defer { lock.release() }
                        let count = Int(try text(counter) ?? "") ?? -1
                        await Task.yield()
                        try Files.replace(counter, with: "\(count + 1)".utf8, durability: .processes)
                    }
                }
                try await tasks.waitForAll()
            }
            #expect(try text(counter) == "12")
        }
    }

    @Test("another name is another lock, and a released one is free", .timeLimit(.minutes(5)))
    func names() async throws {
        try await withTemporaryFolder { root in
            let one = try await WaitingLock.acquire("one", in: "\(root)/locks")
            let other = try await WaitingLock.acquire("other", in: "\(root)/locks")
            one.release()
            try await WaitingLock.acquire("one", in: "\(root)/locks").release()
            other.release()
        }
    }

    @Test("a lock in a folder that is not there is an error")
    func noFolder() async {
        await #expect(throws: SystemError.self) {
            _ = try await WaitingLock.acquire("one", in: "/nowhere/at/all/locks")
        }
    }
}

func write(_ text: String, _ path: String, mode: mode_t = 0o644) throws {
    try Files.makeFolder(Disk.split(path).folder)
    try Files.replace(path, with: text.utf8, mode: mode, durability: .processes)
    chmod(path, mode)
}

func text(_ path: String) throws -> String? {
    try Files.read(path).map { String(decoding: $0, as: UTF8.self) }
}

private func permissions(_ path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : nil
}

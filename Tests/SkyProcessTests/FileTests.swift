import Glibc
import SkyTestSupport
import Testing

@testable import SkyProcess

@Suite("files, locks and sockets")
struct FileTests {
    @Test("a file is replaced whole, with the owner's rights only")
    func replace() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/file"
            for (text, durability) in [("one", Files.Durability.processes), ("two", .machine)] {
                try Files.replace(path, with: text.utf8, durability: durability)
                #expect(try Files.read(path) == Array(text.utf8))
            }
            #expect(Files.names(in: folder) == ["file"])
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        }
    }

    @Test("a file that cannot be replaced stays, and so does no temporary one")
    func cannotReplace() async throws {
        try await withTemporaryFolder { folder in
            try Files.makeFolder("\(folder)/file/inside")
            let error = #expect(throws: SystemError.self) {
                try Files.replace("\(folder)/file", with: [1], durability: .processes)
            }
            #expect(error?.description == "cannot write \(folder)/file: Is a directory")
            #expect(Files.names(in: folder) == ["file"])
        }
    }

    @Test("what is not there has no bytes; what may not be read says so")
    func missing() async throws {
        try await withTemporaryFolder { folder in
            #expect(try Files.read("\(folder)/nothing") == nil)
            #expect(throws: SystemError.self) { try Files.read(folder) }
            try Files.writeNew("\(folder)/file", with: [1, 2, 3])
            #expect(try Files.read("\(folder)/file") == [1, 2, 3])
            #expect(try Files.read("\(folder)/file", limit: 2) == [1, 2])
            #expect(try Files.read("\(folder)/file/below") == nil)
        }
    }

    @Test("folders are made with those above them, and may be there already")
    func folders() async throws {
        try await withTemporaryFolder { folder in
            for _ in 0..<2 { try Files.makeFolder("\(folder)/a/b/c") }
            #expect(Files.isFolder("\(folder)/a/b/c"))
            try Files.writeNew("\(folder)/file", with: [])
            #expect(throws: SystemError.self) { try Files.makeFolder("\(folder)/file") }
            #expect(throws: SystemError.self) { try Files.makeFolder("\(folder)/file/below") }
            #expect(Files.absolutePath("\(folder)/a/../a/./b") == "\(folder)/a/b")
            #expect(Files.absolutePath("\(folder)/nothing") == nil)
        }
    }

    @Test("a lock is one holder's until it lets go, or dies")
    func lock() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/lock"
            #expect(try !FileLock.isHeld(path))
            #expect(!Files.exists(path))
            var lock = try FileLock(path)
            #expect(lock != nil)
            #expect(try FileLock(path) == nil)
            #expect(try FileLock.isHeld(path))
            lock = nil
            #expect(try !FileLock.isHeld(path))

            let script = "exec 9<>\(path); flock 9; touch \(folder)/held; exec sleep 100"
            let holder = try ProcessSpawn("/bin/sh", ["-c", script]).start()
            while !Files.exists("\(folder)/held") { try await Task.sleep(for: .milliseconds(1)) }
            #expect(try FileLock(path) == nil)
            holder.signal(SIGKILL)
            _ = await holder.wait()
            #expect(try FileLock(path) != nil)
        }
    }

    @Test("the lock of a named pipe is free before its readers see the end", arguments: 0..<20)
    func lifeline(round: Int) async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/pipe"
            #expect(mkfifo(path, 0o600) == 0)
            #expect(try !FileLock.isHeld(path))
            let script = "exec 9<>\(path); flock 9; touch \(folder)/held; exec sleep 100"
            let holder = try ProcessSpawn("/bin/sh", ["-c", script]).start()
            while !Files.exists("\(folder)/held") { try await Task.sleep(for: .milliseconds(1)) }
            let reader = try Descriptor.open(path, O_RDONLY | O_NONBLOCK)
            defer { close(reader) }
            #expect(try FileLock.isHeld(reader))
            var ready = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
            #expect(poll(&ready, 1, 0) == 0)
            holder.signal(SIGKILL)
            // Without a pause: the very first moment counts.
            while poll(&ready, 1, 0) == 0 { await Task.yield() }
            #expect(ready.revents & Int16(POLLHUP) != 0)
            #expect(try !FileLock.isHeld(reader))
            _ = await holder.wait()
        }
    }

    @Test("a socket's path may have any length", arguments: [1, 80, 107, 108, 109, 300, 2000])
    func socket(length: Int) async throws {
        try await withTemporaryFolder { folder in
            var path = folder
            while path.utf8.count < length - 10 { path += "/\(String(repeating: "d", count: min(50, length)))" }
            try Files.makeFolder(path)
            path += "/s"
            let listener = try UnixSocket.listen(at: path)
            defer { close(listener) }
            let client = try UnixSocket.connect(to: path)
            defer { close(client) }
            let server = try #require(try UnixSocket.accept(listener))
            defer { close(server) }
            #expect(try UnixSocket.accept(listener) == nil)
            try Descriptor.writeAll(client, [42])
            #expect(try Descriptor.readAll(server, limit: 1) == [42])
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        }
    }

    @Test("writing to nobody is an error and no signal")
    func noReader() throws {
        let pipe = try Descriptor.pipe()
        close(pipe.reading)
        defer { close(pipe.writing) }
        let error = #expect(throws: SystemError.self) { try Descriptor.writeAll(pipe.writing, [1]) }
        #expect(error?.code == EPIPE)
    }
}

import Glibc
import Synchronization
import Testing

@testable import SkyStorage

@Suite("Blocking work off Swift's own threads", .timeLimit(.minutes(5)))
struct OffPoolTests {
    @Test("many that wait for a task to run do not keep it from running")
    func noStarvation() async throws {
        let door = Door()
        let waiting = (0..<40).map { _ in
            Task {
                try await offPool { _ throws(StorageError) in
                    door.waitUntilOpen()
                    return 1
                }
            }
        }
        // Were these on the pool's threads, one per core, the next line of this test would never be reached.
        while door.waiting < waiting.count { await Task.yield() }
        door.open()
        var sum = 0
        for task in waiting { sum += try await task.value }
        #expect(sum == 40)
    }

    @Test("errors come back as they are, and cancellation is seen inside")
    func errors() async {
        let error = await #expect(throws: StorageError.self) {
            try await offPool { _ throws(StorageError) -> Int in throw .badManifest(reason: "x") }
        }
        #expect(error == .badManifest(reason: "x"))
        let task = Task {
            try await offPool { flag throws(StorageError) in
                while true {
                    try flag.check()
                    usleep(1000)
                }
            }
        }
        task.cancel()
        let cancelled = await #expect(throws: StorageError.self) { try await task.value }
        #expect(cancelled == .cancelled)
    }
}

private final class Door: Sendable {
    private let isOpen = Atomic(false)
    private let count = Atomic(0)

    var waiting: Int { count.load(ordering: .relaxed) }

    func open() { isOpen.store(true, ordering: .relaxed) }

    func waitUntilOpen() {
        count.add(1, ordering: .relaxed)
        while !isOpen.load(ordering: .relaxed) { usleep(1000) }
    }
}

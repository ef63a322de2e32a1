import SkyCore
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The file in which a scripted provider remembers: shared by all brokers of one state folder, one change at a time.
struct ScriptLedger: Sendable {
    let path: String

    /// Reads the state, lets `body` change it, and writes it back before anybody else can read it.
    func change<Result>(_ body: (inout ScriptState) -> Result) throws(SystemError) -> Result {
        try Files.makeFolder(Disk.split(path).folder)
        let lock = try WaitingLock.hold("\(path).lock")
        defer { lock.release() }
        let before = try read()
        var state = before ?? ScriptState()
        let result = body(&state)
        if state != before { try write(state) }
        return result
    }

    /// What was last written; nil when nothing ever was, or nothing that can be read.
    func read() throws(SystemError) -> ScriptState? {
        guard let bytes = try Files.read(path) else { return nil }
        return try? JSONDecoder().decode(ScriptState.self, from: Data(bytes))
    }

    private func write(_ state: ScriptState) throws(SystemError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let data = try? encoder.encode(state) else { throw SystemError("write \(path)", code: 0) }
        try Files.replace(path, with: data, durability: .processes)
    }
}

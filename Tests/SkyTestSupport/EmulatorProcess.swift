import Glibc
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A program of `Emulators` that plays a cloud on loopback. It ends with this value, or with the process of the tests.
final class EmulatorProcess: Sendable {
    let url: String
    private let port: Int
    private let process: SpawnedProcess
    private let lifeline: Int32

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameters:
    ///   - program: below `Emulators`; prints its port when it is there, and ends with its standard input.
    ///   - configuration: handed to it as a file in `folder`, its last argument.
    init(
        _ program: String, _ arguments: [String] = [], configuration: some Encodable, in folder: String
    ) async throws {
        let file = "\(folder)/config.json"
        try Files.put(file, Array(try JSONEncoder().encode(configuration)))
        let input = try Descriptor.pipe()
        let output = try Descriptor.pipe()
        defer { for end in [input.reading, output.writing, output.reading] { close(end) } }
        let path = "\(Disk.split(#filePath).folder)/Emulators/\(program)"
        process = try ProcessSpawn(
            "python3", ["-B", path] + arguments + [file], standardInput: .descriptor(input.reading),
            standardOutput: .descriptor(output.writing)
        ).start()
        lifeline = input.writing
        process.reap()
        var line: [UInt8] = []
        while line.last != UInt8(ascii: "\n") {
            let more = try Descriptor.readAll(output.reading, limit: 1)
            guard !more.isEmpty else { throw Missing(description: "\(program) does not come up") }
            line += more
        }
        guard let port = Int(String(decoding: line.dropLast(), as: UTF8.self)) else {
            throw Missing(description: "\(program) tells no port")
        }
        self.port = port
        url = "http://127.0.0.1:\(port)"
    }

    /// What it looks like inside.
    func insides<Insides: Decodable>(_ type: Insides.Type) throws -> Insides {
        try LoopbackCall.json("/_control", nil as String?, port: port, as: type)
    }

    func tell(_ json: String) throws { _ = try LoopbackCall.bytes("/_control", Array(json.utf8), port: port) }

    func held(_ wish: HeldCall?) throws -> HeldCalls {
        struct Answer: Decodable { let held: HeldCalls }
        return try LoopbackCall.json("/_control", wish.map { ["hold": $0] }, port: port, as: Answer.self).held
    }

    deinit {
        close(lifeline)
        process.signal(SIGKILL)
    }
}

/// A host of a farm, as an emulator is told of it.
struct EmulatedHost: Encodable {
    let address: String
    let port: Int
    let home: String
    /// Its host key, as a line of `known_hosts` has it.
    let key: String

    /// All hosts of a farm at addresses of documentation (RFC 5737), and the configuration of OpenSSH that leads there.
    ///
    /// - Parameter isReal: at their own addresses instead.
    static func all(of farm: SSHFarm, isReal: Bool = false) throws -> (hosts: [EmulatedHost], sshConfig: String) {
        var (hosts, config): ([EmulatedHost], String) = ([], "")
        for (number, host) in farm.hosts.enumerated() {
            let address = isReal ? host.address : "198.51.100.\(number + 1)"
            let key = String(decoding: try Files.read("\(host.folder)/key.pub") ?? [], as: UTF8.self)
            hosts.append(EmulatedHost(address: address, port: host.port, home: host.home, key: key))
            config += "Host \(address)\n  HostName \(host.address)\n  Port \(host.port)\n"
        }
        return (hosts, config)
    }
}

import Glibc

/// Variables that one process hands to another where nobody else sees them: neither the environment of a process nor its
/// arguments are a secret on the machine. `NAME=VALUE` each, with a zero behind it, through a pipe.
public enum HandedVariables {
    /// Starts the process that reads them, and gives them to it.
    ///
    /// - Parameter start: gets the end of the pipe that the process is to read until its end.
    public static func write(
        _ variables: [String: String], to start: (Int32) throws(SystemError) -> Void
    ) throws(SystemError) {
        let pipe = try Descriptor.pipe()
        defer { close(pipe.writing) }
        var reading: Int32? = pipe.reading
        defer { reading.map { _ = close($0) } }
        try start(pipe.reading)
        // So that a process that dies before it has read ends the writing too.
        close(pipe.reading)
        reading = nil
        let bytes = variables.reduce(into: [UInt8]()) { $0 += Array("\($1.key)=\($1.value)".utf8) + [0] }
        try Descriptor.writeAll(pipe.writing, bytes)
    }

    public static func read(from descriptor: Int32) throws(SystemError) -> [String: String] {
        var variables: [String: String] = [:]
        for entry in try Descriptor.readAll(descriptor).split(separator: 0) {
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(decoding: entry[..<equals], as: UTF8.self)
            variables[name] = String(decoding: entry[(equals + 1)...], as: UTF8.self)
        }
        return variables
    }
}

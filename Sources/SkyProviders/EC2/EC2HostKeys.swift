import FoundationEssentials

/// The host keys in what a machine has written to its console while it booted.
enum EC2HostKeys {
    /// - Parameter output: as `GetConsoleOutput` gives it, in Base64.
    static func keys(inConsole output: String) -> HostKeys {
        guard let data = Data(base64Encoded: output, options: .ignoreUnknownCharacters) else { return .notYet }
        return keys(inText: String(decoding: data, as: UTF8.self))
    }

    static func keys(inText text: String) -> HostKeys {
        let found = ConsoleHostKeys.keys(in: text)
        return found.isEmpty ? .notYet : .told(found)
    }
}

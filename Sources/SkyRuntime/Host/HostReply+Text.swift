import FoundationEssentials

extension HostClaim {
    /// As `sky-agent host claim` reads it.
    public var text: String {
        // Texts and numbers only: it can always be encoded.
        (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

extension HostReply {
    /// The line that says it, with its end.
    public var line: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts and numbers only: it can always be encoded.
        let body = (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{\"nodes\":[]}"
        return "\(Self.mark)\(body)\n"
    }

    /// The last reply in what a host has printed; nil if there is none.
    public init?(in output: String) {
        for line in output.split(separator: "\n").reversed() where line.hasPrefix(Self.mark) {
            let body = Data(line.dropFirst(Self.mark.count).utf8)
            guard let reply = try? JSONDecoder().decode(Self.self, from: body) else { return nil }
            self = reply
            return
        }
        return nil
    }
}

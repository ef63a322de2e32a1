public import SkyCore

extension SourceFile {
    /// The text of a file's bytes, and a `yaml.encoding` diagnostic at the first byte that is no UTF-8.
    public static func decoding(_ bytes: [UInt8], path: String) -> (source: SourceFile, diagnostic: Diagnostic?) {
        let source = SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self))
        guard String(validating: bytes, as: UTF8.self) == nil else { return (source, nil) }
        let start = position(ofByte: validPrefix(of: bytes), in: bytes)
        let diagnostic = Diagnostic(
            code: "yaml.encoding", path: path,
            range: SourceRange(start: start, end: SourcePosition(line: start.line, column: start.column + 1)),
            message: "the file is not UTF-8 text", expected: "a file saved as UTF-8")
        return (source, diagnostic)
    }

    /// How many leading bytes are whole, valid characters.
    private static func validPrefix(of bytes: [UInt8]) -> Int {
        var decoder = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var count = 0
        while case .valid(let character) = decoder.parseScalar(from: &iterator) { count += character.count }
        return count
    }
}

/// The line and column of the byte at `offset`. Lines end as YAML 1.1 says: LF, CR LF, CR, NEL, LS, PS.
func position(ofByte offset: Int, in bytes: some RandomAccessCollection<UInt8>) -> SourcePosition {
    var (line, column) = (1, 1)
    var previous: Unicode.Scalar?
    for scalar in String(decoding: bytes.prefix(max(0, offset)), as: UTF8.self).unicodeScalars {
        switch scalar {
        case "\n" where previous == "\r": break
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": (line, column) = (line + 1, 1)
        default: column += 1
        }
        previous = scalar
    }
    return SourcePosition(line: line, column: column)
}

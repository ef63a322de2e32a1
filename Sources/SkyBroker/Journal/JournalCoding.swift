import FoundationEssentials

/// JSON as the journal keeps it: the same value is always the same text.
package enum JournalCoding {
    package static func encode(_ value: some Encodable) throws -> String {
        try SortedJSON.text(of: value)
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    /// Kept beside each event, so that one bit that turns on the disk is noticed: FNV-1a (Fowler, Noll and Vo) of
    /// run, number and text, 64 bits.
    static func checksum(run: String, sequence: Int, body: String) -> Int64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func take(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        for byte in run.utf8 { take(byte) }
        withUnsafeBytes(of: UInt64(sequence).littleEndian) { for byte in $0 { take(byte) } }
        var text = body
        text.withUTF8 { for byte in $0 { take(byte) } }
        return Int64(bitPattern: hash)
    }
}

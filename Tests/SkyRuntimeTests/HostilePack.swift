import FoundationEssentials
import SkyTestSupport

@testable import SkyRuntime

/// One end of a pack that is sent badly, or by somebody who means ill: the same seed is the same bytes.
struct HostilePack: HostileInput {
    private(set) var bytes: [UInt8] = []
    private(set) var messages = 0
    private var random: SeededGenerator

    /// What a sender says that offers `names` and more, of which some may be at the receiver's already.
    init(offering names: [String], seed: UInt64) {
        random = SeededGenerator(seed: seed)
        let isFolder = chance(0.9)
        var entries = [Entry(path: "", kind: isFolder ? "folder" : "file", size: isFolder ? 0 : size())]
        for _ in 0..<(isFolder ? Int.random(in: 0...8, using: &random) : 0) { entries.append(entry(names)) }
        if chance(0.2) { entries.shuffle(using: &random) }
        add(mangled(chance(0.97) ? manifest(of: entries) : Array(pick(Self.offers).utf8)))
        if chance(0.4) { addDigests(count: Int.random(in: 0...5, using: &random)) }
        for entry in entries where entry.kind == "file" { addFile(entry.size) }
        spoil()
    }

    /// What a receiver says to whom `files` files are offered.
    init(answeringFor files: Int, seed: UInt64) {
        random = SeededGenerator(seed: seed)
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let count = chance(0.8) ? files : Int.random(in: 0...20, using: &random)
            let offsets = (0..<count).map { _ in pick(Self.numbers) }.joined(separator: ",")
            let needed = (0..<count).map { chance(0.95) ? "\($0)" : pick(Self.numbers) }.joined(separator: ",")
            let wanted = (0..<Int.random(in: 0...files + 1, using: &random)).map { _ in
                chance(0.9) ? "\(Int.random(in: 0..<files, using: &random))" : pick(Self.numbers)
            }.joined(separator: ",")
            let answers = [
                #"{"needed":[\#(needed)],"offsets":[\#(offsets)]}"#, #"{"wanted":[\#(wanted)]}"#,
                #"{"failure":{"kind":"damaged","message":"x"}}"#, "{}", #"{"offsets":null,"wanted":[]}"#,
                #"{"wanted":[\#(wanted)],"needed":[\#(needed)],"offsets":[\#(offsets)]}"#,
            ]
            add(mangled(Array(pick(answers).utf8)))
        }
        spoil()
    }

    /// What a host prints when it is asked something, and what it is asked.
    init(printingFor seed: UInt64) {
        random = SeededGenerator(seed: seed)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let text = mangled(Array(pick(Self.replies).replacing("N", with: pick(Self.numbers)).utf8))
            bytes += (chance(0.8) ? Array(HostReply.mark.utf8) : []) + text + [10]
            messages += 1
        }
    }

    // MARK: Entries

    private struct Entry {
        var path: String
        var kind: String
        var size: Int64
        var mode = 0o644
        var target = "/etc/passwd"
    }

    private mutating func manifest(of entries: [Entry]) -> [UInt8] {
        var writer = PackWriter()
        writer.put(UInt8(1))
        writer.put(chance(0.97) ? UInt32(entries.count) : UInt32.random(in: 0...(.max), using: &random))
        for entry in entries {
            writer.put(UInt8(Self.kinds.firstIndex(of: entry.kind) ?? 9))
            writer.put(UInt16(truncatingIfNeeded: entry.mode))
            writer.put(entry.kind == "file" ? entry.size : 0)
            writer.put(Int64(1))
            writer.put(UInt64.random(in: 0...1, using: &random))
            writer.put(entry.path)
            writer.put(entry.target)
        }
        return writer.bytes
    }

    private static let kinds = ["folder", "file", "link"]

    private mutating func entry(_ names: [String]) -> Entry {
        let path = chance(0.7) ? pick(names) : pick(Self.paths)
        var entry = Entry(path: path, kind: pick(["file", "file", "file", "folder", "link"]), size: size())
        if chance(0.05) { entry.mode = Int.random(in: -1...0o7777, using: &random) }
        if chance(0.02) { entry.kind = "socket" }
        entry.target = pick(["/etc/passwd", "../../outside", "a", "..", "", String(repeating: "x", count: 5000)])
        return entry
    }

    private mutating func size() -> Int64 {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: Int64.random(in: -5...5, using: &random)
        case 1: Int64.random(in: 1 << 30...(.max), using: &random)
        case 2: Int64.random(in: 0...300_000, using: &random)
        default: Int64.random(in: 0...300, using: &random)
        }
    }

    private static let paths = [
        "../outside", "..", ".", "/etc/passwd", "a/../b", "a//b", "a/b/c", "a/", "\0", "b/c", "a\nb", "é", "a/b",
        String(repeating: "n", count: 300), String(repeating: "d/", count: 3000), "-rf", "a\0b",
    ]
    private static let numbers = [
        "0", "1", "-1", "5", "100", "300", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "0.5",
        "1e308",
    ]
    private static let offers = [
        "{}", #"{"failure":{"kind":"lost","message":"x"}}"#, #"{"manifest":null}"#, #"{"manifest":{"entries":{}}}"#,
        "[]", "",
        String(repeating: #"{"manifest":"#, count: 50_000),
    ]
    private static let replies = [
        #"{"nodes":[]}"#, #"{"exists":true,"nodes":[]}"#, #"{"failure":{"kind":"held","message":"x"},"nodes":[]}"#,
        #"{"nodes":[{"createdAt":N,"directory":"/x","note":"{}","rank":N,"state":"running","token":"t"}]}"#,
        #"{"lease":N,"note":"x","rank":N,"token":"../t"}"#, "{}", "[", "null", #"{"nodes":null}"#,
    ]

    // MARK: Bytes

    private mutating func addFile(_ size: Int64) {
        // As many as it says, or not.
        let count = chance(0.9) ? Int(min(max(0, size), 400_000)) : Int.random(in: 0...500, using: &random)
        let body = [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: count)
        bytes += body
        bytes += chance(0.8) ? SHA256.digest(of: body) : (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
        messages += 1
    }

    private mutating func addDigests(count: Int) {
        let digests = (0..<count).flatMap { _ in SHA256.digest(of: [UInt8](repeating: 7, count: 100)) }
        add(mangled(Array(#"{"digests":"\#(Data(digests).base64EncodedString())"}"#.utf8)))
    }

    private mutating func add(_ body: [UInt8]) {
        let length = chance(0.97) ? UInt32(body.count) : UInt32.random(in: 0...(.max), using: &random)
        withUnsafeBytes(of: length.bigEndian) { bytes.append(contentsOf: $0) }
        bytes += body
        messages += 1
    }

    private mutating func mangled(_ bytes: [UInt8]) -> [UInt8] {
        var body = bytes
        guard chance(0.15) else { return body }
        for _ in 0...Int.random(in: 0...3, using: &random) where !body.isEmpty {
            let place = Int.random(in: 0..<body.count, using: &random)
            let end = min(body.count, place + Int.random(in: 0...12, using: &random))
            switch Int.random(in: 0...2, using: &random) {
            case 0: body.removeSubrange(place..<end)
            case 1: body.insert(contentsOf: body[place..<end], at: place)
            default: body[place] = UInt8.random(in: 0...255, using: &random)
            }
        }
        return body
    }

    /// The whole may end anywhere, and bytes of it may be others.
    private mutating func spoil() {
        if chance(0.15) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
        if chance(0.1), !bytes.isEmpty {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        if chance(0.1) { bytes += (0..<Int.random(in: 0...100, using: &random)).map { _ in 7 } }
    }

    private mutating func pick(_ list: [String]) -> String { list[Int.random(in: 0..<list.count, using: &random)] }
    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }
}

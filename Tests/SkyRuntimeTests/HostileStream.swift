import FoundationEssentials
import SkyTestSupport

@testable import SkyRuntime

/// What somebody sends who speaks the protocol badly, or means ill: the same seed is the same stream.
struct HostileStream: HostileInput {
    private(set) var bytes: [UInt8] = []
    private(set) var messages = 0
    private var random: SeededGenerator

    enum Side {
        /// Says what an agent hears.
        case client
        /// Says what a client hears.
        case agent
    }

    init(seed: UInt64, as side: Side) {
        random = SeededGenerator(seed: seed)
        let isPolite = chance(0.9)
        if isPolite { add(side == .client ? Self.hello(AgentProtocol.version) : Self.helloAnswer) }
        for _ in 0..<Int.random(in: 1...40, using: &random) { addSomething(side) }
    }

    static func hello(_ version: Int) -> String { #"{"call":{"hello":{"protocolVersion":\#(version)}},"id":1}"# }

    private static let helloAnswer =
        #"{"answer":{"hello":{"agent":{"agentVersion":"0","cpus":1,"directory":"/","hostName":"h","memoryBytes":1,"#
        + #""pid":1,"protocolVersion":\#(AgentProtocol.version)}}},"id":1}"#

    // MARK: Messages

    private mutating func addSomething(_ side: Side) {
        let text = filled(pick(side == .client ? Self.requests : Self.answers))
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<9: add(text)
        case 9..<13: add(mutated(Array(text.utf8)))
        case 13: add(Array((0..<Int.random(in: 0...400, using: &random)).map { _ in byte() }))
        case 14:
            let depth = Int.random(in: 1...100_000, using: &random)
            let (open, close) = chance(0.5) ? ("[", "]") : (#"{"call":"#, "}")
            add(String(repeating: open, count: depth) + (chance(0.5) ? String(repeating: close, count: depth) : ""))
        case 15: add(filled(pick(side == .client ? Self.answers : Self.requests)))
        case 16: add(Self.hello(chance(0.5) ? AgentProtocol.version : Int.random(in: -2...99, using: &random)))
        case 17:
            // Shorter or longer than its header says; what follows is read as whatever comes of it.
            let body = Array(text.utf8)
            addHeader(UInt32(truncatingIfNeeded: body.count + Int.random(in: -9...9, using: &random)))
            bytes += body
            messages += 1
        case 18:
            addHeader(UInt32.random(in: UInt32(AgentProtocol.messageLimit)...(.max), using: &random))
            bytes += (0..<Int.random(in: 0...100, using: &random)).map { _ in byte() }
            messages += 1
        default:
            add(Array(text.utf8.prefix(Int.random(in: 0...text.utf8.count, using: &random))))
        }
    }

    private mutating func add(_ text: String) { add(Array(text.utf8)) }

    private mutating func add(_ body: [UInt8]) {
        addHeader(UInt32(body.count))
        bytes += body
        messages += 1
    }

    private mutating func addHeader(_ length: UInt32) {
        withUnsafeBytes(of: length.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func mutated(_ body: [UInt8]) -> [UInt8] {
        var body = body
        for _ in 0...Int.random(in: 0...3, using: &random) {
            let place = Int.random(in: 0...body.count, using: &random)
            let end = min(body.count, place + Int.random(in: 0...12, using: &random))
            switch Int.random(in: 0...3, using: &random) {
            case 0: body.removeSubrange(place..<end)
            case 1: body.insert(contentsOf: body[place..<end], at: Int.random(in: 0...body.count, using: &random))
            case 2: body.insert(contentsOf: Array(pick(Self.values).utf8), at: place)
            default: if place < body.count { body[place] = byte() }
            }
        }
        return body
    }

    // MARK: What they are made of

    /// `#` is a number of a request, `N` a number, `S` a text, `J` a job's name, `V` any value.
    private static let requests = [
        #"{"id":#,"call":{"state":{"job":J}}}"#, #"{"id":#,"call":{"wait":{"job":J}}}"#,
        #"{"id":#,"call":{"kill":{"job":J,"grace":N}}}"#, #"{"id":#,"call":{"list":{}}}"#,
        #"{"id":#,"call":{"stats":{}}}"#, #"{"id":#,"call":{"readLog":{"job":J,"offset":N,"follow":true}}}"#,
        #"{"id":#,"call":{"readLog":{"job":J,"offset":N,"follow":false}}}"#,
        #"{"id":#,"call":{"cancel":{"request":#}}}"#,
        #"{"id":#,"call":{"beside":{"request":{"id":J,"like":J,"run":"exit 0","devices":N,"cpus":N,"memory":N}}}}"#,
        #"{"id":#,"call":{"submit":{"job":{"id":J,"run":"exit 0","workingDirectory":S,"environment":{S:S}}}}}"#,
        #"{"id":#,"call":{"submit":{"job":{"id":J,"run":S,"workingDirectory":"w","environment":{},"#
            + #""limits":{"time":N,"memory":N,"files":N,"log":N},"workID":S,"setupKey":S}}}}"#,
        #"{"id":#,"call":{"submit":{"job":{"id":J,"run":"exit 0","workingDirectory":"w","environment":{},"#
            + #""needs":{"accelerator":S,"devicesOnNode":N,"devices":N,"cpus":N,"memory":N}}}}}"#,
        #"{"id":#,"call":{"renewLease":{"span":-1}}}"#, #"{"id":#,"call":{"renewLease":{"span":9223372036854775807}}}"#,
        #"{"id":V,"call":{"wait":{"job":V}}}"#, #"{"id":#,"call":{"stats":V}}"#, #"{"id":#,"call":V}"#, "V",
    ]

    private static let answers = [
        #"{"id":#,"answer":{"done":{}}}"#, #"{"id":#,"answer":{"job":{}}}"#,
        #"{"id":#,"answer":{"job":{"state":{"running":{}}}}}"#,
        #"{"id":#,"answer":{"job":{"state":{"exited":{"code":N,"exceeded":S}}}}}"#,
        #"{"id":#,"answer":{"log":{"offset":N,"bytes":"AP8K"}}}"#,
        #"{"id":#,"answer":{"log":{"offset":N,"bytes":"AP8K","marks":"AP8KAAAAAAAAAAAAAAAAAA=="}}}"#,
        #"{"id":#,"answer":{"log":{"offset":0,"bytes":S,"marks":S}}}"#, #"{"id":#,"answer":{"endOfLog":{"offset":N}}}"#,
        #"{"id":#,"answer":{"jobs":{"jobs":[{"id":J,"isQueued":true,"devices":[N],"command":S}]}}}"#,
        #"{"id":#,"answer":{"refused":{"message":S}}}"#, #"{"answer":{"ending":{"message":S}}}"#,
        #"{"answer":{"done":{}}}"#, #"{"id":#,"answer":V}"#, #"{"id":V,"answer":{"done":{}}}"#, "V",
    ]

    private static let numbers = [
        "0", "1", "-1", "100", "2147483648", "9223372036854775807", "-9223372036854775808", "18446744073709551616",
        "0.5",
        "1e308", "1e999",
    ]
    private static let texts = [
        "\"\"", "\"..\"", "\"../../x\"", "\"/\"", "\"a/b\"", "\"\\u0000\"", "\"\\ud800\"", "\"A=B\"", "\"w\"", "\"é\"",
        "\"\(String(repeating: "x", count: 5000))\"", "\"AP8K\"", "\"time\"",
    ]
    private static let jobs = [
        "\"long\"", "\"long\"", "\"j1\"", "\"j2\"", "\"j3\"", "\"no\"", "\"../x\"", "\"\"", "\".\"",
    ]
    private static let values =
        numbers + texts + ["null", "true", "[]", "{}", "[[", "{\"a\":", "\"", "\\", "\u{0}", "nan"]

    private mutating func filled(_ template: String) -> String {
        var result = ""
        var isQuoted = false
        for character in template {
            if character == "\"" { isQuoted.toggle() }
            switch character {
            case "#" where !isQuoted: result += "\(Int.random(in: 0...30, using: &random))"
            case "N" where !isQuoted: result += chance(0.02) ? pick(Self.values) : pick(Self.numbers)
            case "S" where !isQuoted: result += chance(0.02) ? pick(Self.values) : pick(Self.texts)
            case "J" where !isQuoted: result += pick(Self.jobs)
            case "V" where !isQuoted: result += pick(Self.values)
            default: result.append(character)
            }
        }
        return result
    }

    private mutating func pick(_ list: [String]) -> String { list[Int.random(in: 0..<list.count, using: &random)] }
    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }
    private mutating func byte() -> UInt8 { UInt8.random(in: 0...255, using: &random) }
}

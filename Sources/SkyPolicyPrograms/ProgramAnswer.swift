import FoundationEssentials
import SkyCore

/// What a policy program said in one line.
struct ProgramAnswer: Decodable {
    var shaping: WrittenShaping
    var placement: [String: Int]?
    var refuse: String?
    var solve: SolveRequest?
    var evaluate: [String: Int]?
    /// Shown below the plan.
    var remarks: [String]

    /// A question to the solver.
    struct SolveRequest: Decodable {
        var minimize: Goal?
        var deadline: TimeSpan?
        var budget: Money?
        var shaping: WrittenShaping

        enum Goal: String, Decodable { case cost, time }

        init(from decoder: any Decoder) throws {
            let fields = try KnownFields(
                decoder, WrittenShaping.fields + ["minimize", "deadline_seconds", "budget_usd"])
            minimize = try fields.value("minimize")
            deadline = try fields.value("deadline_seconds").map { (seconds: Double) in
                TimeSpan(milliseconds: Int64(min(max(seconds, 0) * 1000, 1e15)))
            }
            budget = try fields.value("budget_usd").map { (amount: WrittenMoney) in amount.money }
            shaping = try WrittenShaping(fields)
        }
    }

    init(from decoder: any Decoder) throws {
        let fields = try KnownFields(
            decoder, WrittenShaping.fields + ["version", "placement", "refuse", "solve", "evaluate", "remarks"])
        let version: Int? = try fields.value("version")
        if let version, version != PolicyProtocol.version {
            throw NotUnderstood(
                "it speaks version \(version) of the protocol, and this sky version \(PolicyProtocol.version)")
        }
        placement = try fields.value("placement")
        refuse = try fields.value("refuse")
        solve = try fields.value("solve")
        evaluate = try fields.value("evaluate")
        remarks = try fields.value("remarks") ?? []
        shaping = try WrittenShaping(fields)
        let kinds = [placement != nil, refuse != nil, solve != nil, evaluate != nil, !shaping.isEmpty]
        switch kinds.count(where: { $0 }) {
        case 0:
            throw NotUnderstood(
                "its answer holds none of filter, prices, penalties, ranks, placement, refuse, solve and evaluate")
        case 1: break
        default: throw NotUnderstood("its answer holds several things of which only one can be meant")
        }
    }
}

/// What a program makes of the problem: by stage name, and by candidate id.
struct WrittenShaping: Sendable {
    static let fields = ["filter", "prices", "penalties", "ranks"]

    /// The candidates that are left of a stage; stages that are not there keep all.
    var filter: [String: Set<Int>]
    var prices: [String: [Int: Money]]
    var penalties: [String: [Int: Money]]
    var ranks: [String: [Int: Int]]
    /// An empty filter is an answer too: all is well as it is.
    private let isGiven: Bool

    var isEmpty: Bool { !isGiven }

    init(_ fields: KnownFields) throws {
        let filter: [String: [Int]]? = try fields.value("filter")
        let prices: [String: [String: WrittenMoney]]? = try fields.value("prices")
        let penalties: [String: [String: WrittenMoney]]? = try fields.value("penalties")
        let ranks: [String: [String: Int]]? = try fields.value("ranks")
        self.filter = (filter ?? [:]).mapValues { Set($0) }
        self.prices = try (prices ?? [:]).mapValues { try Self.byID($0.mapValues(\.money)) }
        self.penalties = try (penalties ?? [:]).mapValues { try Self.byID($0.mapValues(\.money)) }
        self.ranks = try (ranks ?? [:]).mapValues { try Self.byID($0) }
        isGiven = filter != nil || prices != nil || penalties != nil || ranks != nil
    }

    private static func byID<Value>(_ values: [String: Value]) throws -> [Int: Value] {
        var result: [Int: Value] = [:]
        for (key, value) in values {
            guard let id = Int(key) else { throw NotUnderstood("'\(key)' is no candidate's id") }
            result[id] = value
        }
        return result
    }
}

/// `"0.50"`, or a plain number, which is rounded to a nanodollar.
struct WrittenMoney: Decodable {
    var money: Money

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            guard let money = Self.signed(text) else { throw NotUnderstood("'\(text)' is no amount of dollars") }
            self.money = money
        } else {
            let amount = try container.decode(Double.self) * 1e9
            guard amount.magnitude < 9e18 else { throw NotUnderstood("\(amount / 1e9) dollars are too many") }
            money = Money(nanodollars: Int64(amount.rounded()))
        }
    }

    private static func signed(_ text: String) -> Money? {
        text.hasPrefix("-") ? Money(text.dropFirst()).map { .zero - $0 } : Money(text)
    }
}

/// Why an answer is not understood, in one sentence without a full stop.
struct NotUnderstood: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// The fields of an object, of which none may be unknown: a misspelt one would silently do nothing.
struct KnownFields {
    private let container: KeyedDecodingContainer<Name>

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(_ decoder: any Decoder, _ known: [String]) throws {
        container = try decoder.container(keyedBy: Name.self)
        let unknown = container.allKeys.map(\.stringValue).filter { !known.contains($0) }.sorted()
        guard let first = unknown.first else { return }
        let nearest = nearestName(to: first, among: known)
        throw NotUnderstood(
            "its answer has a field '\(first)': "
                + (nearest.map { "is '\($0)' meant?" } ?? "known are \(known.joined(separator: ", "))"))
    }

    /// Nil when the field is not there, or null.
    func value<Value: Decodable>(_ name: String) throws -> Value? {
        try container.decodeIfPresent(Value.self, forKey: Name(stringValue: name))
    }
}

extension ProgramAnswer {
    /// - Throws: `NotUnderstood`.
    init(line: [UInt8]) throws(NotUnderstood) {
        do { self = try JSONDecoder().decode(ProgramAnswer.self, from: Data(line)) } catch let error as NotUnderstood {
            throw error
        } catch let error as DecodingError {
            throw NotUnderstood(Self.reason(error, line))
        } catch {
            throw NotUnderstood("its answer is not JSON: \(Self.beginning(of: line))")
        }
    }

    private static func reason(_ error: DecodingError, _ line: [UInt8]) -> String {
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
            return path.isEmpty ? "the whole" : "'\(path.joined(separator: "."))'"
        }
        switch error {
        case .typeMismatch(let type, let context):
            return "\(place(context)) of its answer is not \(kind(of: type)): \(beginning(of: line))"
        case .valueNotFound(_, let context), .keyNotFound(_, let context):
            return "\(place(context)) of its answer lacks a value: \(beginning(of: line))"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            return "\(place(context)) of its answer is not one of the values that it may have: \(beginning(of: line))"
        default: return "its answer is not JSON: \(beginning(of: line))"
        }
    }

    private static func kind(of type: any Any.Type) -> String {
        switch type {
        case is Int.Type: "a whole number"
        case is Double.Type: "a number"
        case is String.Type: "text"
        case is [String: Any].Type: "an object"
        case is [Any].Type: "a list"
        default:
            "\(type)".contains("Dictionary") ? "an object" : "\(type)".contains("Array") ? "a list" : "as it should be"
        }
    }

    private static func beginning(of line: [UInt8]) -> String {
        let text = String(decoding: line.prefix(80), as: UTF8.self)
        return line.count > 80 ? "\(text)…" : text
    }
}

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Any JSON, where its shape is not known beforehand.
public enum JSONTree: Hashable, Sendable {
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    /// Nil of what is no JSON.
    public init?(_ bytes: [UInt8]) {
        guard let tree = try? JSONDecoder().decode(JSONTree.self, from: Data(bytes)) else { return nil }
        self = tree
    }

    /// Keys in alphabetical order: the same tree is always the same bytes.
    public var bytes: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Numbers come from JSON or from whole numbers: none is infinite.
        return (try? encoder.encode(self)).map(Array.init) ?? []
    }

    public subscript(key: String) -> JSONTree? {
        if case .object(let entries) = self { entries[key] } else { nil }
    }

    public var elements: [JSONTree]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// Text, and numbers as they are written: ids are either. Nil of everything else, and of an empty text.
    public var text: String? {
        switch self {
        case .string(let text): text.isEmpty ? nil : text
        case .number(let number): Int64(exactly: number).map(String.init) ?? String(number)
        case .boolean(let value): String(value)
        case .null, .array, .object: nil
        }
    }

    public var integer: Int? {
        switch self {
        case .number(let number): Int(exactly: number)
        case .string(let text): Int(text)
        default: nil
        }
    }

    /// False of what a condition takes for no.
    public var isTrue: Bool {
        switch self {
        case .null, .boolean(false): false
        case .string(let text): !text.isEmpty
        case .number(let number): number != 0
        case .array(let elements): !elements.isEmpty
        case .boolean, .object: true
        }
    }
}

extension JSONTree: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONTree].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONTree].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .number(let value):
            if let whole = Int64(exactly: value) { try container.encode(whole) } else { try container.encode(value) }
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

/// A text that nobody may see: whatever prints it, prints `(secret)`.
public struct Secret: Hashable, Sendable {
    private let text: String

    public init(_ text: String) { self.text = text }

    /// The text itself, for where it must go: into a signature or a header, never into a message.
    public func reveal() -> String { text }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "(secret)" }
    public var debugDescription: String { description }
    /// `dump` and string interpolation of whatever holds it look in here.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Read from the files and answers that hold it; there is no way to encode one by accident.
extension Secret: Decodable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }
}

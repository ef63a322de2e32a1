/// Colour for terminals, or none. The caller decides, from the terminal and `NO_COLOR`.
public struct TextStyle: Sendable {
    public enum Tint: String, Sendable {
        case none = "0", red = "31", green = "32", yellow = "33", blue = "34", cyan = "36", dim = "2"
    }

    public let isColoured: Bool

    public static let plain = TextStyle(isColoured: false)
    public static let coloured = TextStyle(isColoured: true)

    private init(isColoured: Bool) { self.isColoured = isColoured }

    public func paint(_ text: String, _ tint: Tint, bold: Bool = false) -> String {
        guard isColoured, !text.isEmpty else { return text }
        return "\u{1b}[\(tint.rawValue)\(bold ? ";1" : "")m\(text)\u{1b}[0m"
    }
}

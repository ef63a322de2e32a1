import SkyCore

/// `text` broken at blanks into lines of at most `width` columns; a longer word gets a line of its own. Without a
/// width the text stays one line.
func wrapped(_ text: String, width: Int?) -> [String] {
    guard let width, width > 0 else { return [text] }
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: \.isWhitespace) {
        if line.isEmpty {
            line = String(word)
        } else if displayWidth(of: line) + 1 + displayWidth(of: word) <= width {
            line += " \(word)"
        } else {
            lines.append(line)
            line = String(word)
        }
    }
    if !line.isEmpty || lines.isEmpty { lines.append(line) }
    return lines
}

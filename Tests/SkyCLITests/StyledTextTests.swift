import SkyCore
import Testing

@testable import SkyCLI

@Suite("Styled text")
struct StyledTextTests {
    @Test(
        "what is too long ends with an ellipsis and never takes more columns than it may",
        arguments: [
            ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("abcdef", 1, "…"), ("abcdef", 0, ""),
            ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("日本語", 6, "日本語"),
        ])
    func truncation(text: String, limit: Int, expected: String) {
        let cut = StyledText(text).truncated(to: limit)
        #expect(cut.painted(.plain) == expected)
        #expect(cut.width <= limit)
    }

    @Test("cutting keeps the colour of the span that is cut")
    func truncationKeepsColour() {
        let text: StyledText = "ab\("cdef", .red)"
        #expect(text.truncated(to: 4).painted(.coloured) == "ab\u{1b}[31mc…\u{1b}[0m")
    }

    @Test("control characters in what others say never reach the terminal")
    func controls() {
        let text = StyledText("a\u{1b}[2Jb\u{9b}c\u{202E}d\ne\u{7}")
        #expect(text.painted(.plain) == "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d e\u{FFFD}")
    }

    @Test("padding goes to the side asked for")
    func padding() {
        #expect(StyledText("7").padded(to: 3, onTheLeft: true).painted(.plain) == "  7")
        #expect(StyledText("7").padded(to: 3).painted(.plain) == "7  ")
        #expect(StyledText("7777").padded(to: 3) == StyledText("7777"))
    }

    @Test("text breaks at blanks and nowhere else")
    func wrapping() {
        #expect(wrapped("one two three", width: 7) == ["one two", "three"])
        #expect(wrapped("incomprehensible x", width: 5) == ["incomprehensible", "x"])
        #expect(wrapped("one two three", width: nil) == ["one two three"])
        #expect(wrapped("", width: 5) == [""])
    }
}

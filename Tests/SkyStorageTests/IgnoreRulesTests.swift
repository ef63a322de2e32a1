import Testing

@testable import SkyStorage

@Suite("The patterns of .skyignore")
struct IgnoreRulesTests {
    @Test(
        "fit what git's fit",
        arguments: [
            // A name without a slash fits at any depth, and what is in a folder of that name.
            ("*.log", "a.log", true), ("*.log", "d/e/a.log", true), ("*.log", "a.log.txt", false),
            ("log", "d/log", true),
            ("log", "catalog", false), ("*", "anything", true),
            // A slash ties it to the top.
            ("/a", "a", true), ("/a", "d/a", false), ("d/a", "d/a", true), ("d/a", "x/d/a", false),
            ("d/*.txt", "d/a.txt", true), ("d/*.txt", "d/e/a.txt", false),
            // Two stars cross slashes.
            ("**/a", "a", true), ("**/a", "x/y/a", true), ("d/**", "d/x/y", true), ("d/**", "d", false),
            ("d/**/a", "d/a", true), ("d/**/a", "d/x/y/a", true), ("d/**/a", "e/d/a", false), ("a**b", "axxb", true),
            // Letters and sets.
            ("?.c", "x.c", true), ("?.c", "é.c", true), ("?.c", "xy.c", false), ("[a-c]1", "b1", true),
            ("[a-c]1", "d1", false), ("[!a-c]1", "d1", true), ("[]x]", "]", true), ("[", "[", true), ("a[", "a[", true),
            ("*a*b*c", "xxaxxbxxc", true), ("*a*b*c", "xxaxxcxxb", false),
            // Comments, escapes and blanks.
            ("# a", "# a", false), ("\\#a", "#a", true), ("\\!a", "!a", true), ("a   ", "a", true), ("\\*", "*", true),
            ("\\*", "a", false), ("", "a", false), ("/", "a", false), ("a\r", "a", true),
        ])
    func fits(pattern: String, path: String, isIgnored: Bool) {
        #expect(IgnoreRules(pattern).ignores(path, isFolder: false) == isIgnored)
    }

    @Test("a slash at the end means folders only")
    func foldersOnly() {
        let rules = IgnoreRules("build/\n/top/\n")
        #expect(rules.ignores("x/build", isFolder: true) && rules.ignores("top", isFolder: true))
        #expect(!rules.ignores("x/build", isFolder: false) && !rules.ignores("x/top", isFolder: true))
    }

    @Test("the last line that fits decides")
    func lastWins() {
        let rules = IgnoreRules("*.txt\r\n!keep.txt\nd/keep.txt")
        #expect(rules.ignores("a.txt", isFolder: false))
        #expect(!rules.ignores("keep.txt", isFolder: false))
        #expect(rules.ignores("d/keep.txt", isFolder: false))
    }

    @Test("a pattern made to be slow is not", .timeLimit(.minutes(5)))
    func slow() {
        let rules = IgnoreRules(String(repeating: "a*", count: 30) + "b")
        #expect(!rules.ignores(String(repeating: "a", count: 5000), isFolder: false))
    }
}

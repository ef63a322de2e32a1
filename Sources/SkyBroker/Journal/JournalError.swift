/// The journal could not be read or written. Nothing is started without it.
public struct JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is the matter, for code that has to decide.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Bytes are not what they were: nothing is written to it any more.
        case damaged
        /// There was a journal here, and it is gone.
        case lost
        /// Written by a later version of this program.
        case newer
        /// The file or its folder may only be read.
        case notWritable
        /// No space, or no allowance, is left on its file system. What is in it stays as it is.
        case full
        /// Another process has kept it to itself for longer than anybody should.
        case busy
        /// The run has grown in the meantime: somebody else drives it.
        case overtaken
        /// Another machine uses it.
        case elsewhere
        case failed
    }

    public let kind: Kind
    /// What happened, and to which file.
    public let description: String
    /// What to do about it: commands to type, or sentences.
    public let advice: [String]

    init(_ kind: Kind, _ description: String, advice: [String] = []) {
        self.kind = kind
        self.description = description
        self.advice = advice
    }

    init(_ description: String) { self.init(.failed, description) }
}

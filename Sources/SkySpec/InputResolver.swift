import SkyCore
import SkyYAML

/// Finds what inputs name: files, addresses, outputs of other stages.
struct InputResolver {
    let reading: Reading
    let stages: StageIndex

    func resolve(_ draft: InputDraft, of stage: StageDraft, _ variables: StageVariables) -> StageInput? {
        guard let source = draft.source, let text = reading.expand(source, variables) else { return nil }
        if let scheme = PathText.scheme(of: text) {
            guard PathText.schemes.contains(scheme) else {
                reading.complain(aboutScheme: scheme, "spec.bad-input", at: source.range)
                return nil
            }
            return StageInput(name: draft.name.value, source: .uri(text), size: draft.size)
        }
        if text == "." || text == ".." || text == "~" || ["/", "./", "../", "~/"].contains(where: text.hasPrefix) {
            return local(text, at: source.range, draft)
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, !text.contains("/"), let first = parts.first, let last = parts.last,
            !first.isEmpty, !last.isEmpty, !text.contains(" ")
        else {
            complainForm(text, at: source.range)
            return nil
        }
        // Ranges of the words are known only while no variable was replaced.
        let word = { (part: Substring) in text == source.value ? source.range(of: part) : source.range }
        guard let producer = stages[first] else {
            complainStage(String(first), wholeText: text, at: word(first))
            return nil
        }
        guard let output = producer.outputs.first(where: { $0.name.value == last }) else {
            if producer.isBroken || producer.wrongFields.contains("outputs") { return nil }
            complainOutput(String(last), of: producer, at: word(last))
            return nil
        }
        return StageInput(
            name: draft.name.value, source: .output(stage: String(first), artifact: String(last)),
            size: draft.size ?? output.size?.expected)
    }

    private func local(_ text: String, at range: SourceRange, _ draft: InputDraft) -> StageInput? {
        guard let path = reading.existingPath(text, at: range, what: "input '\(draft.name.value)'") else { return nil }
        return StageInput(name: draft.name.value, source: .path(path), size: reading.files.size(of: path))
    }

    private func complainForm(_ text: String, at range: SourceRange) {
        var help: String?
        if reading.files.kind(of: PathText.absolute(text, in: reading.directory)) != nil {
            help = "did you mean './\(text)'?"
        } else if let stage = stages[text] {
            help =
                stage.outputs.first.map { "did you mean '\(text).\($0.name.value)'?" }
                ?? "stage '\(text)' has no outputs"
        }
        reading.error(
            "spec.bad-input", at: range, "'\(text)' is neither a path, an address nor a stage's output",
            expected: ArtifactFields.sourceForm.phrase, help: help)
    }

    private func complainStage(_ name: String, wholeText: String, at range: SourceRange) {
        let names = stages.names
        var help = reading.suggestion(for: name, among: names)
        if reading.files.kind(of: PathText.absolute(wholeText, in: reading.directory)) != nil {
            help = "for the file, write './\(wholeText)'"
        }
        reading.error(
            "spec.unknown-stage", at: range, "unknown stage '\(name)'",
            expected: help == nil ? reading.choice(of: names) : nil, help: help)
    }

    private func complainOutput(_ name: String, of producer: StageDraft, at range: SourceRange) {
        let names = producer.outputs.map(\.name.value)
        let help = reading.suggestion(for: name, among: names)
        let declared = names.isEmpty ? "an output; it declares none" : reading.choice(of: names)
        reading.error(
            "spec.unknown-output", at: range, "stage '\(producer.name.value)' has no output '\(name)'",
            expected: help == nil ? declared : nil,
            help: help ?? "declare it: outputs: {\(name): {size: 1GB}}",
            notes: [
                Diagnostic.Note(range: producer.name.range, message: "stage '\(producer.name.value)' is described here")
            ])
    }
}

extension Reading {
    /// The absolute path that `text` names, seen from the file's folder; nil after a complaint that nothing is there.
    func existingPath(_ text: String, at range: SourceRange, what: String) -> String? {
        var given = text
        if text == "~" || text.hasPrefix("~/") { given = (files.homeDirectory ?? "~") + text.dropFirst() }
        let path = PathText.absolute(given, in: directory)
        if files.kind(of: path) != nil { return path }
        if mayLookInWorkingDirectory, let workingDirectory {
            let elsewhere = PathText.absolute(given, in: workingDirectory)
            if files.kind(of: elsewhere) != nil { return elsewhere }
        }
        error(
            "spec.no-file", at: range, "\(what): '\(text)' is not there", expected: "a file or folder at \(path)")
        return nil
    }

    /// `code` is for what is no kind of address at all.
    func complain(aboutScheme scheme: String, _ code: String, at range: SourceRange) {
        let known = "a path, or s3://, gs://, az:// or https://"
        if PathText.otherStores.contains(scheme) {
            error(
                "spec.unsupported-store", at: range, "sky cannot read from '\(scheme)://' yet", expected: known,
                help: "copy the data to a store that it can read")
            return
        }
        error(
            code, at: range, "unknown kind of address '\(scheme)://'", expected: known,
            help: nearestName(to: scheme, among: PathText.schemes).map { "did you mean '\($0)://'?" })
    }
}

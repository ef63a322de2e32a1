import SkyCore
import SkyYAML

/// Finds what inputs name: files, addresses, outputs of other stages.
struct InputResolver {
    let reading: Reading
    let stages: StageIndex

    /// One, or one for each source of a folder; none after a complaint.
    func resolve(_ draft: InputDraft, of stage: StageDraft, _ variables: StageVariables) -> [StageInput] {
        var found = draft.sources.flatMap { source in
            resolve(source, draft, of: stage, variables)
        }
        guard draft.isList else { return found }
        let makers = found.compactMap(\.maker)
        if Set(makers).count < makers.count {
            for index in found.indices {
                if case .output(let maker, let artifact) = found[index].source {
                    found[index].entry = "\(maker).\(artifact)"
                }
            }
        }
        if let twice = found.indices.first(where: { index in
            found[..<index].contains { $0.source == found[index].source }
        }), let text = draft.sources.last {
            let name = found[twice].entry ?? ""
            reading.error("spec.duplicate", at: text.range, "input '\(draft.name.value)' reads '\(name)' twice")
        }
        return found
    }

    private func resolve(
        _ source: Located<String>, _ draft: InputDraft, of stage: StageDraft, _ variables: StageVariables
    ) -> [StageInput] {
        guard let text = reading.expand(source, variables) else { return [] }
        let isOutput = PathText.scheme(of: text) == nil && !Self.isPath(text)
        guard draft.isList, !isOutput else {
            return isOutput ? outputs(text, source, draft, of: stage) : outside(text, source, draft).map { [$0] } ?? []
        }
        reading.error(
            "spec.bad-input", at: source.range, "'\(text)' stands in a list, and is no stage's output",
            expected: ArtifactFields.outputForm.phrase, help: "give it an input of its own")
        return []
    }

    /// Something that no stage makes.
    private func outside(_ text: String, _ source: Located<String>, _ draft: InputDraft) -> StageInput? {
        if let scheme = PathText.scheme(of: text) {
            guard PathText.schemes.contains(scheme) else {
                reading.complain(aboutScheme: scheme, "spec.bad-input", at: source.range)
                return nil
            }
            return StageInput(name: draft.name.value, source: .uri(text), size: draft.size)
        }
        return local(text, at: source.range, draft)
    }

    private static func isPath(_ text: String) -> Bool {
        text == "." || text == ".." || text == "~" || ["/", "./", "../", "~/"].contains(where: text.hasPrefix)
    }

    /// `stage.output`; of a matrix, one for each of its stages.
    private func outputs(
        _ text: String, _ source: Located<String>, _ draft: InputDraft, of stage: StageDraft
    ) -> [StageInput] {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, !text.contains("/"), let first = parts.first, let last = parts.last,
            !first.isEmpty, !last.isEmpty, !text.contains(" ")
        else {
            complainForm(text, at: source.range)
            return []
        }
        // Ranges of the words are known only while no variable was replaced.
        let word = { (part: Substring) in text == source.value ? source.range(of: part) : source.range }
        let producers = stages.makers(first, for: stage)
        if producers.isEmpty { complainStage(String(first), wholeText: text, of: stage, at: word(first)) }
        return producers.compactMap { producer in
            guard let output = producer.outputs.first(where: { $0.name.value == last }) else {
                if producer.isBroken || producer.wrongFields.contains("outputs") { return nil }
                complainOutput(String(last), of: producer, at: word(last))
                return nil
            }
            let name = producer.name.value
            return StageInput(
                name: draft.name.value, source: .output(stage: name, artifact: String(last)),
                entry: draft.isList || isOneOfMany(producer, first, to: stage) ? name : nil,
                size: draft.size ?? output.size?.expected)
        }
    }

    /// Whether `name` means several stages, of which `producer` is one.
    private func isOneOfMany(_ producer: StageDraft, _ name: Substring, to reader: StageDraft) -> Bool {
        guard let cell = producer.cell, producer.name.value != name else { return false }
        return !(reader.cell?.determines(cell) ?? false)
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

    private func complainStage(_ name: String, wholeText: String, of reader: StageDraft, at range: SourceRange) {
        if stages.contains(name), let cell = reader.cell {
            let values = cell.values.map { "\($0.name.value)=\($0.value)" }.joined(separator: ", ")
            reading.error(
                "spec.unknown-stage", at: range, "the matrix of '\(name)' has no stage with \(values)",
                expected: "the same values in both")
            return
        }
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
        let producerName = producer.cell?.stage ?? producer.name.value
        let help = reading.suggestion(for: name, among: names)
        let declared = names.isEmpty ? "an output; it declares none" : reading.choice(of: names)
        reading.error(
            "spec.unknown-output", at: range, "stage '\(producerName)' has no output '\(name)'",
            expected: help == nil ? declared : nil,
            help: help ?? "declare it: outputs: {\(name): {size: 1GB}}",
            notes: [
                Diagnostic.Note(range: producer.name.range, message: "stage '\(producerName)' is described here")
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

extension StageInput {
    /// The stage that makes it; nil when it comes from outside.
    fileprivate var maker: String? {
        if case .output(let maker, _) = source { maker } else { nil }
    }
}

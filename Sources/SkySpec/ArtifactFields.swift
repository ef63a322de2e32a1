import SkyCore
import SkyYAML

/// `inputs` and `outputs`.
enum ArtifactFields {
    static let nameForm = TextForm("a name (a-z, 0-9 and '_', a letter first)", pattern: "^[a-z][a-z0-9_]*$")
    /// In a schema, SkyPilot's addresses may stand for names.
    static let keyForm = TextForm(nameForm.phrase, pattern: "^([a-z][a-z0-9_]*|[A-Za-z0-9]+://.*)$")
    static let sourceForm = TextForm("./path, an address (s3://, gs://, az://, https://), or stage.output")

    static let outputForm = TextForm("stage.output")

    static let input = Section<InputDraft>(
        name: "input", phrase: "an input", summary: "An input whose size planning should know.",
        fields: [
            Field("source", .text(sourceForm), required: true, "Where it comes from.", example: "s3://bucket/data") {
                entry, draft, _ in
                draft.sources = [Located(entry.value.scalar ?? "", entry.value.range)]
            },
            Field("size", .text(Amounts.size), "Of an address, for planning; paths are measured.", example: "40GB") {
                entry, draft, reading in
                draft.size = Amounts.readSize(entry.value, reading)
            },
        ])

    static let output = Section<OutputDraft>(
        name: "output", phrase: "an output", summary: "An output of which planning should know more.",
        fields: [
            Field("size", Figures.size.shape, "An estimate, for planning: one size, or a range.", example: "30GB..60GB")
            {
                entry, draft, reading in
                draft.size = Figures.size.read(entry.value, at: entry.keyRange, reading)
            },
            Field(
                "regions", AreaFields.shape,
                "Parts of the world that it must not leave, so that what reads it runs there too; any for all.",
                example: "eu"
            ) { entry, draft, reading in
                draft.areas = AreaFields.read(entry.value, reading)
            },
        ])

    static let outputsShape = Shape.anyOf([
        .map(keys: keyForm, values: .anyOf([.text(Figures.size.range), .section("output"), .nothing])),
        .list(.text(nameForm)),
        // SkyPilot's: any name with its gigabytes.
        .map(keys: TextForm("a name"), values: .number),
    ])

    static func readInputs(_ node: YAMLNode, _ reading: Reading) -> [InputDraft] {
        reading.entries(of: node).compactMap { entry in
            // SkyPilot's form is one address with its gigabytes: {s3://bucket: 600}.
            if PathText.scheme(of: entry.key) != nil {
                let source = Located(entry.key, entry.keyRange)
                return InputDraft(
                    name: Located("input", entry.keyRange), sources: [source], size: gigabytes(entry.value, reading))
            }
            guard check(entry, "input", reading) else { return nil }
            var draft = InputDraft(name: Located(entry.key, entry.keyRange))
            if entry.value.mapping == nil {
                draft.sources = reading.elements(of: entry.value).map { Located($0.scalar ?? "", $0.range) }
                draft.isList = entry.value.sequence != nil
            } else {
                input.read(entry.value, into: &draft, at: entry.keyRange, reading)
            }
            return draft
        }
    }

    static func readOutputs(_ node: YAMLNode, _ reading: Reading) -> [OutputDraft] {
        if node.sequence != nil {
            var seen: Set<String> = []
            return reading.elements(of: node).compactMap { element in
                let entry = YAMLNode.Entry(key: element.scalar ?? "", keyRange: element.range, value: element)
                guard check(entry, "output", reading) else { return nil }
                guard seen.insert(entry.key).inserted else {
                    reading.error("spec.duplicate", at: element.range, "output '\(entry.key)' is given twice")
                    return nil
                }
                return OutputDraft(name: Located(entry.key, entry.keyRange))
            }
        }
        return (node.mapping ?? []).compactMap { entry in
            if PathText.scheme(of: entry.key) != nil {
                reading.warning(
                    "spec.ignored-field", at: entry.keyRange,
                    "the address '\(entry.key)' has no effect yet: the output is called 'output'")
                return OutputDraft(
                    name: Located("output", entry.keyRange), size: gigabytes(entry.value, reading).map { Estimate($0) })
            }
            if let name = plainName(of: entry) {
                reading.warning(
                    "spec.ignored-field", at: entry.keyRange,
                    "the output '\(entry.key)' is called '\(name.value)': its path is in"
                        + " SKY_OUTPUT_\(name.value.uppercased())")
                return OutputDraft(name: name, size: gigabytes(entry.value, reading).map { Estimate($0) })
            }
            guard check(entry, "output", reading) else { return nil }
            var draft = OutputDraft(name: Located(entry.key, entry.keyRange))
            // An output whose size is wrong is an output all the same.
            if reading.isBroken(entry.value) { return draft }
            if entry.value.mapping != nil {
                output.read(entry.value, into: &draft, at: entry.keyRange, reading)
            } else if !entry.value.isNull {
                draft.size = Figures.size.read(entry.value, at: entry.keyRange, reading)
            }
            return draft
        }
    }

    /// SkyPilot's `resnet-model-dir: 0.1` is a name of any kind with its gigabytes.
    private static func plainName(of entry: YAMLNode.Entry) -> Located<String>? {
        guard !Names.isArtifact(entry.key), entry.value.scalar.flatMap(decimal) != nil,
            let name = Names.artifact(from: entry.key)
        else { return nil }
        return Located(name, entry.keyRange)
    }

    private static func check(_ entry: YAMLNode.Entry, _ kind: String, _ reading: Reading) -> Bool {
        if Names.isArtifact(entry.key) { return true }
        reading.error(
            "spec.bad-name", at: entry.keyRange, "'\(entry.key)' cannot be an \(kind)'s name",
            expected: nameForm.phrase)
        return false
    }

    private static func gigabytes(_ node: YAMLNode, _ reading: Reading) -> DataSize? {
        guard let text = node.scalar, let size = DataSize(text + "GB") else {
            reading.error(
                "spec.bad-size", at: node.range, "'\(node.scalar ?? node.kindName)' is no number of gigabytes",
                expected: "a number such as 600")
            return nil
        }
        return size
    }
}

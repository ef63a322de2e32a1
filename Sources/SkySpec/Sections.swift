/// The section that has a field called `name`, for those who put it into another: `'resources'`.
func sectionPhrase(of name: String) -> String? {
    var phrases: [String] = []
    if PipelineFields.section.fieldNames.contains(name) { phrases.append(PipelineFields.section.phrase) }
    if StageFields.section.fieldNames.contains(name) { phrases.append(StageFields.section.phrase) }
    if ResourceFields.section.fieldNames.contains(name) { phrases.append(ResourceFields.section.phrase) }
    if phrases.isEmpty, ServiceFields.section.fieldNames.contains(name) { return ServiceFields.section.phrase }
    return phrases.isEmpty ? nil : phrases.joined(separator: " or in ")
}

/// The section that has a field called `name`, for those who put it into another: `'resources'`.
func sectionPhrase(of name: String) -> String? {
    if PipelineFields.section.fieldNames.contains(name) { return PipelineFields.section.phrase }
    if StageFields.section.fieldNames.contains(name) { return StageFields.section.phrase }
    if ResourceFields.section.fieldNames.contains(name) { return ResourceFields.section.phrase }
    if ServiceFields.section.fieldNames.contains(name) { return ServiceFields.section.phrase }
    return nil
}

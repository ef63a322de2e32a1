import SkyPlacement

/// `sky policies --output json`
struct PoliciesJSON: Encodable {
    let version = 1
    let policies: [Policy]

    struct Policy: Encodable {
        let name: String
        let summary: String
        /// How it is written, with an example of its first parameter.
        let example: String
        let parameters: [Parameter]
    }

    struct Parameter: Encodable {
        let name: String
        let summary: String
        let example: String
        let required: Bool
        let list: Bool
    }

    init(_ policies: [BuiltInPolicy]) {
        self.policies = policies.map { policy in
            Policy(
                name: policy.name, summary: policy.summary, example: policy.notation,
                parameters: policy.parameters.map { parameter in
                    Parameter(
                        name: parameter.name, summary: parameter.summary, example: parameter.example,
                        required: parameter.isRequired, list: parameter.isList)
                })
        }
    }
}

import SkyAWS
import SkyCore

/// The parameters of a call of EC2's Query API, whose lists are counted from 1: `Filter.1.Value.2`.
struct EC2Query: Hashable, Sendable {
    private(set) var parameters: [AWSRequest.Parameter] = []
    private var filters = 0

    mutating func set(_ name: String, _ value: String?) {
        if let value { parameters.append(.init(name, value)) }
    }

    mutating func set(_ name: String, _ value: Int?) { set(name, value.map { String($0) }) }

    mutating func set(_ name: String, _ value: Bool?) { set(name, value.map { $0 ? "true" : "false" }) }

    mutating func list(_ name: String, _ values: [String]) {
        for (index, value) in values.enumerated() { set("\(name).\(index + 1)", value) }
    }

    /// What comes back has one of these values.
    mutating func filter(_ name: String, _ values: [String]) {
        filters += 1
        set("Filter.\(filters).Name", name)
        list("Filter.\(filters).Value", values)
    }

    /// - Parameter name: `TagSpecification.1` or the like.
    mutating func tags(_ name: String, on type: String, _ tags: [String: String]) {
        set("\(name).ResourceType", type)
        for (index, tag) in tags.sorted(by: { $0.key < $1.key }).enumerated() {
            set("\(name).Tag.\(index + 1).Key", tag.key)
            set("\(name).Tag.\(index + 1).Value", tag.value)
        }
    }

    subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }
}

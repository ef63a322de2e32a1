/// A policy that can be chosen by name, and what there is to say about it.
public struct BuiltInPolicy: Sendable {
    public struct Parameter: Hashable, Sendable {
        public let name: String
        /// What it is, to be read after "needs" and "is not": `a deadline`.
        public let summary: String
        public let example: String
        public let isRequired: Bool
        /// Several values, separated by commas.
        public let isList: Bool

        init(_ name: String, _ summary: String, example: String, isRequired: Bool = false, isList: Bool = false) {
            self.name = name
            self.summary = summary
            self.example = example
            self.isRequired = isRequired
            self.isList = isList
        }
    }

    public let name: String
    /// One line.
    public let summary: String
    /// The first may be written without its name.
    public let parameters: [Parameter]
    /// How it is written, with an example of its first parameter: `within-deadline:8h`.
    public var notation: String { parameters.first.map { "\(name):\($0.example)" } ?? name }

    let make: @Sendable (PolicyArguments, CarbonSource) throws -> any PlacementPolicy

    init(
        _ name: String, _ summary: String, _ parameters: [Parameter] = [],
        make: @escaping @Sendable (PolicyArguments, CarbonSource) throws -> any PlacementPolicy
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        self.make = make
    }
}

/// Where the figures of the carbon policy come from when they are needed: they are kept in files, and placement reads none.
public typealias CarbonSource = () throws -> CarbonFigures

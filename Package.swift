// swift-tools-version: 6.2
import PackageDescription

/// SKY_STATIC=1 with `--static-swift-stdlib` links `sky-agent` without a single shared library, so that one file
/// runs on any Linux of its architecture. `sky` itself needs the system's libcurl and stays dynamic there.
let fullyStatic = Context.environment["SKY_STATIC"] == "1"

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

/// One module per folder of Sources/, listed from the ground up: each imports only what stands above it here.
let modules: [Target] = [
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    // Without pkg-config's `-lz`, so that its static form can be chosen below; its header is where the system's are.
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CShims"),
    .target(name: "CDigest"),
    .target(name: "CCurlOnDemand", dependencies: ["CCurl"], linkerSettings: [.linkedLibrary("dl")]),

    // No import of Glibc in it, so the mathematics library has to be named.
    .target(name: "SkyCore", swiftSettings: strict, linkerSettings: [.linkedLibrary("m")]),

    .target(name: "SkyYAML", dependencies: ["CLibYAML", "SkyCore"], swiftSettings: strict),
    .target(name: "SkyHTTP", dependencies: ["CCurl", "CCurlOnDemand", "SkyCore"], swiftSettings: strict),
    .target(name: "SkyProcess", dependencies: ["CShims", "SkyCore"], swiftSettings: strict),

    .target(name: "SkyAWS", dependencies: ["CCrypto", "SkyHTTP", "SkyProcess", "SkyCore"], swiftSettings: strict),
    .target(
        name: "SkyGoogle", dependencies: ["CCrypto", "SkyAWS", "SkyHTTP", "SkyProcess", "SkyCore"],
        swiftSettings: strict),
    .target(name: "SkyAzure", dependencies: ["CCrypto", "SkyHTTP", "SkyProcess", "SkyCore"], swiftSettings: strict),
    .target(
        name: "SkyKubernetes", dependencies: ["SkyHTTP", "SkyYAML", "SkyProcess", "SkyCore"], swiftSettings: strict),
    .target(name: "SkySpec", dependencies: ["SkyYAML", "SkyCore"], swiftSettings: strict),
    // zlib goes into the executable where that is to need few libraries: it is 0.1 MB, and loading it takes as long as using it.
    .target(
        name: "SkyCatalog", dependencies: ["CZlib", "CCrypto", "SkyYAML", "SkyCore"], swiftSettings: strict,
        linkerSettings: fullyStatic ? [.unsafeFlags(["-l:libz.a"])] : [.linkedLibrary("z")]),

    // Its Python programs are in the executable, as bytes. Named one by one: what Python itself leaves there is none of them.
    .target(
        name: "SkyEngines", dependencies: ["SkySpec", "SkyCore"],
        resources: [
            "environment", "launch", "meeting", "processes", "ray_cli", "ray_engine", "ray_nodes", "spark_engine",
        ].map { .embedInCode("Node/\($0).py") }, swiftSettings: strict),
    .target(name: "SkyPlacement", dependencies: ["SkySpec", "SkyCatalog", "SkyCore"], swiftSettings: strict),
    .target(name: "SkyRuntime", dependencies: ["CDigest", "SkyProcess", "SkyCore"], swiftSettings: strict),
    .target(
        name: "SkyStorage", dependencies: ["CCrypto", "SkyGoogle", "SkyAWS", "SkyHTTP", "SkyCore"],
        swiftSettings: strict),
    .target(
        name: "SkyMarket",
        dependencies: ["CZlib", "SkyCatalog", "SkyAWS", "SkyHTTP", "SkyProcess", "SkyCore"], swiftSettings: strict),
    .target(
        name: "SkyProviders",
        dependencies: [
            "SkyKubernetes", "SkyGoogle", "SkyRuntime", "SkyAWS", "SkyAzure", "SkyHTTP", "SkyProcess", "SkyYAML",
            "SkyCore",
        ],
        swiftSettings: strict),

    .target(
        name: "SkyPolicyPrograms",
        dependencies: ["SkyPlacement", "SkySpec", "SkyCatalog", "SkyProcess", "SkyCore"], swiftSettings: strict),
    .target(
        name: "SkyBroker",
        dependencies: [
            "SkyProviders", "SkyPlacement", "SkyEngines", "SkyRuntime", "SkyStorage", "SkySpec", "SkyCatalog",
            "SkyHTTP",
            "SkyProcess", "SkyCore", grdb,
        ], swiftSettings: strict),

    .target(
        name: "SkySimulator",
        dependencies: [
            "SkyBroker", "SkyProviders", "SkyPlacement", "SkyStorage", "SkySpec", "SkyCatalog", "SkyYAML", "SkyCore",
        ], swiftSettings: strict),

    .target(
        name: "Sky",
        dependencies: ["SkyBroker", "SkyPolicyPrograms", "SkyPlacement", "SkySpec", "SkyCatalog", "SkyCore"],
        swiftSettings: strict),
    .target(
        name: "SkyCLI",
        dependencies: [
            "SkySimulator", "SkyBroker", "SkyPolicyPrograms", "SkyProviders", "SkyPlacement", "SkyStorage", "SkyMarket",
            "SkyEngines", "SkyRuntime", "SkySpec",
            "SkyCatalog",
            "SkyYAML", "SkyAWS", "SkyGoogle", "SkyAzure", "SkyHTTP", "SkyProcess", "SkyCore", argumentParser,
        ], swiftSettings: strict),

    .executableTarget(name: "sky", dependencies: ["SkyCLI"], swiftSettings: strict),
    .executableTarget(
        name: "sky-agent", dependencies: ["SkyRuntime"], swiftSettings: strict,
        linkerSettings: fullyStatic ? [.unsafeFlags(["-static-executable"])] : []),

    // Measures the solver alone; no product, see Benchmarks/README.md.
    .executableTarget(
        name: "solver-bench", dependencies: ["SkyPlacement", "SkySpec", "SkyCatalog", "SkyCore"],
        path: "Benchmarks/Solver", swiftSettings: strict),
    // Signs seeded random requests, for Benchmarks/signature_check.py to hold beside botocore's signatures.
    .executableTarget(
        name: "signature-bench", dependencies: ["SkyAWS", "SkyHTTP", "SkyCore"], path: "Benchmarks/Signature",
        swiftSettings: strict),
    // Measures the journal beside bare SQLite, and is the crowd of processes that tests let loose on one.
    .executableTarget(
        name: "journal-bench",
        dependencies: [
            "SkyBroker", "SkyProviders", "SkyPlacement", "SkySpec", "SkyCatalog", "SkyProcess", "SkyCore",
            .product(name: "GRDBSQLite", package: "GRDB.swift"),
        ],
        path: "Benchmarks/Journal", swiftSettings: strict),
    // Measures the nodes that are processes of this machine alone.
    .executableTarget(
        name: "backend-bench", dependencies: ["SkyProviders", "SkyRuntime", "SkyProcess", "SkyCore"],
        path: "Benchmarks/Backend", swiftSettings: strict),
    // Measures hosts by OpenSSH alone; Benchmarks/ssh.py calls it.
    .executableTarget(
        name: "ssh-bench", dependencies: ["SkyProviders", "SkyRuntime", "SkyProcess", "SkyCore"],
        path: "Benchmarks/SSH", swiftSettings: strict),
    // Measures renting from EC2, against moto.
    .executableTarget(
        name: "ec2-bench", dependencies: ["SkyProviders", "SkyAWS", "SkyHTTP", "SkyCore"], path: "Benchmarks/EC2",
        swiftSettings: strict),
    // Measures many runs in one driver process; no product, see Benchmarks/README.md.
    .executableTarget(
        name: "fleet-bench",
        dependencies: [
            "SkyBroker", "SkyProviders", "SkyRuntime", "SkyPlacement", "SkyStorage", "SkySpec", "SkyCatalog", "SkyHTTP",
            "SkyProcess", "SkyCore",
        ],
        path: "Benchmarks/Fleet", swiftSettings: strict),
    // Measures the simulator alone, and is how CI runs its seeds; no product, see Benchmarks/README.md.
    .executableTarget(
        name: "simulator-bench", dependencies: ["SkySimulator", "SkyBroker", "SkyCore"], path: "Benchmarks/Simulator",
        swiftSettings: strict),
]

/// `SkyTestSupport` is what tests share: golden files, temporary folders, fakes with knobs.
let tests: [Target] = [
    .target(
        name: "SkyTestSupport", dependencies: ["SkyProcess", "SkyCore"], path: "Tests/SkyTestSupport",
        exclude: ["Emulators"], swiftSettings: strict),
    unitTests(of: "SkyCore"),
    unitTests(of: "SkyYAML", using: ["SkyCore"]),
    unitTests(of: "SkyHTTP", using: ["SkyProcess", "SkyCore"]),
    unitTests(of: "SkyProcess", using: ["SkyCore"]),
    unitTests(of: "SkyAWS", using: ["SkyHTTP", "SkyCore"]),
    unitTests(of: "SkyGoogle", using: ["SkyHTTP", "SkyProcess", "SkyCore"]),
    unitTests(of: "SkyAzure", using: ["CCrypto", "SkyHTTP", "SkyCore"]),
    unitTests(of: "SkyKubernetes", using: ["SkyHTTP", "SkyProcess", "SkyCore"]),
    unitTests(of: "SkySpec", using: ["SkyYAML", "SkyCore"]),
    unitTests(of: "SkyEngines", using: ["SkySpec", "SkyProcess", "SkyCore"]),
    unitTests(of: "SkyCatalog", using: ["SkyYAML", "SkyCore"]),
    unitTests(of: "SkyPlacement", using: ["SkySpec", "SkyCatalog", "SkyCore"]),
    unitTests(of: "SkyPolicyPrograms", using: ["SkyPlacement", "SkySpec", "SkyCatalog", "SkyProcess", "SkyCore"]),
    unitTests(of: "SkyRuntime", using: ["SkyProcess", "SkyCore", "sky-agent"]),
    unitTests(of: "SkyStorage", using: ["SkyGoogle", "SkyAWS", "SkyHTTP", "SkyProcess", "SkyCore"]),
    unitTests(of: "SkyMarket", using: ["CZlib", "SkyCatalog", "SkyHTTP", "SkyProcess", "SkyCore"]),
    unitTests(
        of: "SkyProviders",
        using: ["SkyRuntime", "SkyAWS", "SkyAzure", "SkyHTTP", "SkyProcess", "SkyYAML", "SkyCore", "sky", "sky-agent"]),
    unitTests(
        of: "SkyBroker",
        using: [
            "SkyProviders", "SkyPlacement", "SkyRuntime", "SkyStorage", "SkySpec", "SkyCatalog", "SkyProcess",
            "SkyCore", "sky-agent", "journal-bench", grdb,
        ]),
    unitTests(
        of: "SkySimulator",
        using: [
            "SkyBroker", "SkyProviders", "SkyPlacement", "SkyStorage", "SkySpec", "SkyCatalog", "SkyYAML", "SkyCore",
        ]),
    unitTests(
        of: "SkyCLI",
        using: [
            "SkyBroker", "SkyPlacement", "SkyRuntime", "SkySpec", "SkyCatalog", "SkyYAML", "SkyProcess", "SkyCore",
            argumentParser,
        ]),
    unitTests(of: "SkyEndToEnd", testing: [], using: ["SkyProcess", "SkyCore", "sky", "sky-agent"]),
]

func unitTests(
    of module: String, testing: [Target.Dependency]? = nil, using others: [Target.Dependency] = []
) -> Target {
    .testTarget(
        name: "\(module)Tests", dependencies: (testing ?? [.byName(name: module)]) + others + ["SkyTestSupport"],
        exclude: ["Snapshots", "Fixtures"], swiftSettings: strict)
}

/// SKY_TESTS="SkyHTTPTests SkyAWSTests" leaves out all that these do not need: building and linking them takes a fraction of the time.
let chosen = Context.environment["SKY_TESTS"].map {
    names(below: Set($0.split(separator: " ").map(String.init)), in: modules + tests)
}

/// With those of all targets that they depend on. What a target depends on stands before it.
func names(below names: Set<String>, in targets: [Target]) -> Set<String> {
    targets.reversed().reduce(into: names) { found, target in
        guard found.contains(target.name) else { return }
        for case .byNameItem(let name, _) in target.dependencies { found.insert(name) }
    }
}

let package = Package(
    name: "sky",
    products: chosen != nil
        ? []
        : [
            .executable(name: "sky", targets: ["sky"]),
            .executable(name: "sky-agent", targets: ["sky-agent"]),
            .library(name: "Sky", targets: ["Sky"]),
        ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: (modules + tests).filter { chosen?.contains($0.name) ?? true },
    swiftLanguageModes: [.v6]
)

// swift-tools-version: 6.2
import PackageDescription

// A policy from outside: this package knows nothing of sky but its library `Sky`.
let package = Package(
    name: "CarbonPolicy",
    products: [
        .library(name: "CarbonPolicy", targets: ["CarbonPolicy"]),
        .executable(name: "carbon-plan", targets: ["carbon-plan"]),
    ],
    dependencies: [
        // Elsewhere: .package(url: "https://…/sky", from: "…")
        .package(name: "sky", path: "../..")
    ],
    targets: [
        .target(name: "CarbonPolicy", dependencies: [.product(name: "Sky", package: "sky")]),
        .executableTarget(
            name: "carbon-plan", dependencies: ["CarbonPolicy", .product(name: "Sky", package: "sky")]),
    ],
    swiftLanguageModes: [.v6]
)

import SkyCore
import SkyPlacement

/// Everything that Benchmarks/README.md claims about the solver alone.
func bench() throws -> Bool {
    let world = MadeUpWorld(seed: 7)
    var isFine = true
    print("== cost: 120 regions of 6 providers")
    for gigabytes in [20.0, 100, 500] {
        for one in [
            Case(shape: .chain, stages: 100, bound: 5), Case(shape: .tree, stages: 100),
            Case(shape: .diamonds, stages: 100), Case(shape: .fan, stages: 100),
            Case(shape: .random, stages: 50, bound: 100), Case(shape: .random, stages: 50, degree: 4),
            Case(shape: .random, stages: 50, degree: 16),
        ] {
            isFine = try measure(one, gigabytes: gigabytes, world: world, runs: 9) { try $0.cheapest() } && isFine
        }
    }
    let layered = Case(shape: .layered, stages: 1000, bound: 2100)
    isFine = try measure(layered, gigabytes: 100, world: world, runs: 1) { try $0.cheapest() } && isFine
    let timely = [
        Case(shape: .chain, stages: 100), Case(shape: .diamonds, stages: 30), Case(shape: .random, stages: 30),
    ]
    print("== time, then cost")
    for one in timely {
        isFine = try measure(one, gigabytes: 100, world: world, runs: 5) { try $0.fastest() } && isFine
    }
    print("== cost plus $10 an hour")
    for one in timely {
        let perHour = Money(nanodollars: 10_000_000_000)
        isFine =
            try measure(one, gigabytes: 100, world: world, runs: 5) { try $0.leastWeighted(perHour: perHour) } && isFine
    }
    isFine = try stagesCurve() && isFine
    return try offersCurve() && isFine
}

/// Of chains: linear in their length.
private func stagesCurve() throws -> Bool {
    print("== how time grows with the stages of a chain")
    let world = MadeUpWorld(seed: 7)
    return try [10, 20, 50, 100, 200, 500, 1000].allSatisfy { stages in
        try measure(Case(shape: .chain, stages: stages), gigabytes: 100, world: world, runs: 9) { try $0.cheapest() }
    }
}

/// Of a chain of 100 stages whose regions stay the same while every region sells more and more types of machine.
private func offersCurve() throws -> Bool {
    print("== how time grows with the offers: a chain of 100 stages in 120 regions")
    return try [5, 16, 64, 160, 320].allSatisfy { types in
        let world = MadeUpWorld(seed: 7, typesPerFamily: types)
        print(world.shelves.map(\.count).reduce(0, +), "offers, ", terminator: "")
        return try measure(Case(shape: .chain, stages: 100), gigabytes: 100, world: world, runs: 5) {
            try $0.cheapest()
        }
    }
}

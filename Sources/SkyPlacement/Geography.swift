import SkyCatalog
import SkyCore

/// All locations of a problem by number, which of them each stage can use, and what moving data between them takes.
struct Geography: Sendable {
    /// Sorted.
    private(set) var locations: [Location]
    /// Per stage: indices of its places in `locations`, rising.
    private(set) var placesOfStage: [[Int]]
    /// Per stage and candidate index: index in `placesOfStage`.
    private(set) var placeOfCandidate: [[Int]]
    /// Per pair of locations, row-major: its number in `rates`, or -1 while it is not known.
    private var kinds: [Int32]
    /// All different rates that were learnt.
    private(set) var rates: [Rate] = []
    private var kindOfRate: [Rate: Int32] = [:]

    /// What one way costs and how fast it is.
    struct Rate: Hashable, Sendable {
        var egress: EgressPrice
        var bitsPerSecond: Int64
    }

    /// - Parameter sources: where things are that come from outside.
    init(_ stages: [StageChoices], sources: some Sequence<Location>) {
        var numbers: [Location: Int] = [.here: 0]
        var names: [Location] = [.here]
        func number(of location: Location) -> Int {
            if let known = numbers[location] { return known }
            numbers[location] = names.count
            names.append(location)
            return names.count - 1
        }
        for source in sources { _ = number(of: source) }
        // Stages that ask for the same share what is found out about it.
        var alike: [Int] = []
        var first: [ObjectIdentifier: Int] = [:]
        var used: [(places: [Int], ofCandidate: [Int32])] = []
        for (index, stage) in stages.enumerated() {
            let same = stage.candidates.listingIdentity.flatMap { first[$0] }
            alike.append(same ?? index)
            if let identity = stage.candidates.listingIdentity, same == nil { first[identity] = index }
            let whereabouts = same == nil ? stage.candidates.whereabouts : (places: [], ofCandidate: [])
            used.append((whereabouts.places.map(number), whereabouts.ofCandidate))
        }
        let sorted = names.indices.sorted { names[$0] < names[$1] }
        var rank = [Int](repeating: 0, count: names.count)
        for (position, number) in sorted.enumerated() { rank[number] = position }
        locations = sorted.map { names[$0] }
        kinds = [Int32](repeating: -1, count: names.count * names.count)
        (placesOfStage, placeOfCandidate) = ([], [])
        for (index, stage) in used.enumerated() {
            guard alike[index] == index else {
                placesOfStage.append(placesOfStage[alike[index]])
                placeOfCandidate.append(placeOfCandidate[alike[index]])
                continue
            }
            let places = stage.places.map { rank[$0] }.sorted()
            var position = [Int](repeating: 0, count: rank.count)
            for (index, place) in places.enumerated() { position[place] = index }
            let positions = stage.places.map { position[rank[$0]] }
            placesOfStage.append(places)
            placeOfCandidate.append(stage.ofCandidate.map { positions[Int($0)] })
        }
    }

    /// Where what a stage reads is before it is moved, when stages are at `places`.
    func origin(of source: PlacementProblem.Flow.Source, _ places: [Int]) -> Int {
        switch source {
        case .stage(let index): places[index]
        case .place(let location): number(of: location)
        }
    }

    /// Of a source, or of a place of a stage.
    func number(of location: Location) -> Int {
        guard let number = locations.firstIndex(of: location) else { preconditionFailure("\(location) is no source") }
        return number
    }

    func location(ofStage stage: Int, candidate index: Int) -> Int {
        placesOfStage[stage][placeOfCandidate[stage][index]]
    }

    /// Asks the tariff about every way from `sources` to `targets` that is not known yet.
    mutating func learn(from sources: [Int], to targets: [Int], _ tariff: some TransferRates) {
        var last: (rate: Rate, kind: Int32)?
        for source in sources {
            for target in targets {
                let cell = source * locations.count + target
                guard kinds[cell] < 0 else { continue }
                let gigabits = tariff.gigabitsPerSecond(from: locations[source], to: locations[target])
                let rate = Rate(
                    egress: tariff.egress(from: locations[source], to: locations[target]),
                    bitsPerSecond: gigabits > 0 ? Int64(min(gigabits * 1e9, 1e18)) : 0)
                // Neighbours in the list are mostly alike, and telling so is quicker than looking a rate up.
                if let last, last.rate == rate {
                    kinds[cell] = last.kind
                } else {
                    let kind = number(of: rate)
                    kinds[cell] = kind
                    last = (rate, kind)
                }
            }
        }
    }

    private mutating func number(of rate: Rate) -> Int32 {
        if let known = kindOfRate[rate] { return known }
        rates.append(rate)
        kindOfRate[rate] = Int32(rates.count - 1)
        return Int32(rates.count - 1)
    }

    /// The number in `rates` of a way that has been learnt.
    func kind(from source: Int, to target: Int) -> Int32 { kinds[source * locations.count + target] }

    private func rate(from source: Int, to target: Int) -> Rate {
        rates[Int(kind(from: source, to: target))]
    }

    /// Between locations that have been learnt; nothing is moved for nothing.
    func cost(of size: DataSize, from source: Int, to target: Int) -> Money {
        size > .zero ? rate(from: source, to: target).cost(of: size) : .zero
    }

    /// Between locations that have been learnt.
    func time(of size: DataSize, from source: Int, to target: Int) -> TimeSpan {
        size > .zero ? rate(from: source, to: target).time(of: size) : .zero
    }
}

extension Geography.Rate {
    func cost(of size: DataSize) -> Money {
        guard size > .zero else { return .zero }
        return max(egress.price(of: size), .zero)
    }

    /// At full speed from the first byte, in whole milliseconds rounded up.
    func time(of size: DataSize) -> TimeSpan {
        guard size > .zero else { return .zero }
        let speed = bitsPerSecond
        guard speed > 0 else { return DurationModel.longest }
        let product = size.bytes.magnitude.multipliedFullWidth(by: 8000)
        guard product.high < speed else { return DurationModel.longest }
        let (quotient, remainder) = speed.magnitude.dividingFullWidth(product)
        let milliseconds = min(quotient, 1 << 50) + (remainder > 0 ? 1 : 0)
        return min(TimeSpan(milliseconds: Int64(milliseconds)), DurationModel.longest)
    }
}

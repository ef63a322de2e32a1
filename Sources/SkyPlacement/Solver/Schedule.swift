/// When the nodes of an assignment end and what must follow them, so that what a change does to its end can be told
/// without working everything out again.
struct Schedule {
    let network: Network
    var options: [Int]
    private(set) var finish: [Int64]
    /// How much follows the end of each node.
    private(set) var tail: [Int64]

    init(_ network: Network, _ options: [Int]) {
        self.network = network
        self.options = options
        finish = [Int64](repeating: 0, count: network.nodes.count)
        tail = finish
    }

    func place(_ v: Int) -> Int { network.nodes[v].options[options[v]].place }

    /// Works everything out, after changes.
    mutating func follow() {
        for v in network.order { start(v, option: options[v]) }
        for v in network.order.reversed() { tail[v] = following(v, place(v)) }
    }

    /// Takes the option for `v`, all nodes before it being settled.
    mutating func start(_ v: Int, option: Int) {
        options[v] = option
        finish[v] = Network.plus(arrival(v, place(v)), network.nodes[v].options[option].time)
    }

    /// When all inputs of `v` are in the place, given the nodes before it.
    func arrival(_ v: Int, _ place: Int) -> Int64 {
        var latest = network.nodes[v].entryTime[place]
        for index in network.edgesInto[v] {
            let from = network.edges[index].from
            latest = max(latest, Network.plus(finish[from], time(index, self.place(from), place)))
        }
        return latest
    }

    /// What follows `v` in the place, given the nodes after it.
    func following(_ v: Int, _ place: Int) -> Int64 {
        var most: Int64 = 0
        for index in network.edgesFrom[v] {
            let to = network.edges[index].to
            let rest = Network.plus(network.nodes[to].options[options[to]].time, tail[to])
            most = max(most, Network.plus(time(index, place, self.place(to)), rest))
        }
        return most
    }

    /// The longest path through `v` if it took the option, all else staying as it is.
    func length(through v: Int, option: Int) -> Int64 {
        let option = network.nodes[v].options[option]
        return Network.plus(
            Network.plus(arrival(v, option.place), option.time), following(v, option.place))
    }

    private func time(_ edge: Int, _ from: Int, _ to: Int) -> Int64 {
        guard let table = network.edges[edge].table else { return 0 }
        return table.time(at: table.index(from: from, to: to))
    }
}

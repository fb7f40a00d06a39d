/// Work in lanes, one after another from each lane in turn, so that whoever sends much waits for himself: a value.
struct FairQueue<Element> {
    private var lanes: [String: [Element]] = [:]
    /// Lanes with work, in the order of their turns.
    private var turns: [String] = []
    /// How much waits.
    private(set) var count = 0

    /// How much waits in a lane.
    func count(of lane: String) -> Int { lanes[lane]?.count ?? 0 }

    /// The lane in which most waits.
    var longest: (lane: String, count: Int)? {
        lanes.max { $0.value.count < $1.value.count }.map { ($0.key, $0.value.count) }
    }

    /// Puts something at the end of its lane.
    mutating func append(_ element: Element, to lane: String) {
        if lanes[lane] == nil { turns.append(lane) }
        lanes[lane, default: []].append(element)
        count += 1
    }

    /// Takes the first of the lane whose turn it is.
    mutating func next() -> Element? {
        guard let lane = turns.first, var waiting = lanes[lane] else { return nil }
        turns.removeFirst()
        let element = waiting.removeFirst()
        lanes[lane] = waiting.isEmpty ? nil : waiting
        if !waiting.isEmpty { turns.append(lane) }
        count -= 1
        return element
    }

    /// Takes what came last into a lane.
    mutating func removeLast(of lane: String) -> Element? {
        guard var waiting = lanes[lane] else { return nil }
        let element = waiting.removeLast()
        lanes[lane] = waiting.isEmpty ? nil : waiting
        if waiting.isEmpty { turns.removeAll { $0 == lane } }
        count -= 1
        return element
    }

    /// Takes all.
    mutating func removeAll() -> [Element] {
        defer { self = FairQueue() }
        return turns.flatMap { lanes[$0] ?? [] }
    }
}

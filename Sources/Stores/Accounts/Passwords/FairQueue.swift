/// A queue with lanes that are served round-robin, so that a busy lane delays only itself. A value type.
struct FairQueue<Element> {
    private var lanes: [String: [Element]] = [:]
    /// Lanes that are not empty, in the order of their turns.
    private var turns: [String] = []
    /// The number of waiting elements.
    private(set) var count = 0

    /// The number of waiting elements of a lane.
    func count(of lane: String) -> Int { lanes[lane]?.count ?? 0 }

    /// The lane with the most waiting elements.
    var longest: (lane: String, count: Int)? {
        lanes.max { $0.value.count < $1.value.count }.map { ($0.key, $0.value.count) }
    }

    /// Appends an element to its lane.
    mutating func append(_ element: Element, to lane: String) {
        if lanes[lane] == nil { turns.append(lane) }
        lanes[lane, default: []].append(element)
        count += 1
    }

    /// Removes the first element of the lane whose turn it is.
    mutating func next() -> Element? {
        guard let lane = turns.first, var waiting = lanes[lane] else { return nil }
        turns.removeFirst()
        let element = waiting.removeFirst()
        lanes[lane] = waiting.isEmpty ? nil : waiting
        if !waiting.isEmpty { turns.append(lane) }
        count -= 1
        return element
    }

    /// Removes the last element of a lane.
    mutating func removeLast(of lane: String) -> Element? {
        guard var waiting = lanes[lane] else { return nil }
        let element = waiting.removeLast()
        lanes[lane] = waiting.isEmpty ? nil : waiting
        if waiting.isEmpty { turns.removeAll { $0 == lane } }
        count -= 1
        return element
    }

    /// Removes all elements.
    mutating func removeAll() -> [Element] {
        defer { self = FairQueue() }
        return turns.flatMap { lanes[$0] ?? [] }
    }
}

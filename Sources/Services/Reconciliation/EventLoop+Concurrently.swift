import Loops

extension EventLoop {
    /// Runs `work` for all items concurrently on this loop, and returns when all are done. On the loop's thread only.
    nonisolated func concurrently<Item>(_ items: [Item], _ work: @escaping (Item) async -> Void) async {
        guard !items.isEmpty else { return }
        let inFlight = InFlightCount()
        for item in items {
            inFlight.begin()
            spawn {
                await work(item)
                inFlight.end()
            }
        }
        await inFlight.drained()
    }
}

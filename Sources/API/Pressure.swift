import EventLoop
import HTTPServer
import Inventory

/// Whether new claims would be more than the stores can bear: payments, cancellations and reads go on, for they make it
/// less. One per loop; it looks once a second, and less often while there is far to go.
final class Pressure {
    /// How often it looks.
    private static let interval = Duration.seconds(1)
    /// It passes over so many looks while the outbox has room for `farEntries` more, which takes longer than that to fill.
    private static let looksPassedOver = 4
    private static let farEntries = 200_000

    private let inventory: Inventory
    private let outboxLimit: Int
    private let loop: EventLoop
    private var timer: LoopTimer?
    private var isLooking = false
    private var passes = 0
    /// As it was last seen; it stays while Redis cannot be asked.
    private(set) var isHigh = false

    init(loop: EventLoop, inventory: Inventory, outboxLimit: Int) {
        self.loop = loop
        self.inventory = inventory
        self.outboxLimit = outboxLimit
    }

    deinit { timer?.cancel() }

    /// Begins to look.
    func start() {
        timer = try? LoopTimer(loop: loop, after: Self.interval, repeats: true) { [weak self] in self?.look() }
    }

    /// Looks no more.
    func stop() {
        timer?.cancel()
        timer = nil
    }

    private func look() {
        guard !isLooking else { return }
        guard passes == 0 else {
            passes -= 1
            return
        }
        isLooking = true
        loop.spawn { [weak self] in
            await self?.measure()
            self?.isLooking = false
        }
    }

    private func measure() async {
        guard let backlog = try? await inventory.backlog(), let memory = try? await inventory.memory() else { return }
        // The rest of the memory is for what makes it less: entries of payments and cancellations.
        let isMemoryFull = memory.maximum.map { memory.used >= $0 / 10 * 9 } ?? false
        isHigh = backlog >= outboxLimit || isMemoryFull
        let isFar = memory.maximum.map { memory.used < $0 / 2 } ?? true && outboxLimit - backlog >= Self.farEntries
        passes = isFar ? Self.looksPassedOver : 0
    }

    /// 503 for a claim that comes on top.
    static let refusal = InventoryError(.overloaded, "the outbox or Redis's memory is full")
}

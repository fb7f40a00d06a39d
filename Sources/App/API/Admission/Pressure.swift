import HTTP
import Loops
import SeatInventory

/// Whether the stores are too full for new claims. Payments, cancellations and reads go on, since they relieve the
/// load. One per loop; it measures once a second, and less often while the limits are far.
final class Pressure {
    /// How often the load is measured.
    private static let interval = Duration.seconds(1)
    /// How many measurements are skipped while the outbox has room for `farEntries` more, which takes longer than that
    /// to fill.
    private static let skippedMeasurements = 4
    private static let farEntries = 200_000

    private let inventory: Inventory
    private let outboxLimit: Int
    private let loop: EventLoop
    private var timer: LoopTimer?
    private var isLooking = false
    private var passes = 0
    /// The last result; it is kept while Redis does not answer.
    private(set) var isHigh = false

    init(loop: EventLoop, inventory: Inventory, outboxLimit: Int) {
        self.loop = loop
        self.inventory = inventory
        self.outboxLimit = outboxLimit
    }

    deinit { timer?.cancel() }

    /// Starts measuring.
    func start() {
        timer = try? LoopTimer(loop: loop, after: Self.interval, repeats: true) { [weak self] in self?.look() }
    }

    /// Stops measuring.
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
        // The rest of the memory is reserved for what relieves the load: entries of payments and cancellations.
        let isMemoryFull = memory.maximum.map { memory.used >= $0 / 10 * 9 } ?? false
        isHigh = backlog >= outboxLimit || isMemoryFull
        let isFar = memory.maximum.map { memory.used < $0 / 2 } ?? true && outboxLimit - backlog >= Self.farEntries
        passes = isFar ? Self.skippedMeasurements : 0
    }

    /// The 503 for a claim under pressure.
    static let refusal = InventoryError(.overloaded, "the outbox or Redis's memory is full")
}

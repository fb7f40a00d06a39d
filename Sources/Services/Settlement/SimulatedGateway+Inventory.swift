import Glibc
package import Loops
package import Payments
package import SeatInventory

extension SimulatedGateway {
    /// Creates a simulated provider whose ledger is in the Redis of an inventory.
    package convenience init(loop: EventLoop, inventory: Inventory, behaviour: Behaviour) {
        self.init(loop: loop, ledger: RedisLedger(inventory), behaviour: behaviour) {
            var moment = timespec()
            clock_gettime(CLOCK_REALTIME, &moment)
            return Int64(moment.tv_sec) * 1000 + Int64(moment.tv_nsec) / 1_000_000
        }
    }
}

public import EventLoop
import Glibc
public import Inventory
public import Payments

extension SimulatedGateway {
    /// The simulated provider whose memory is in the Redis of an inventory.
    public convenience init(loop: EventLoop, inventory: Inventory, behaviour: Behaviour) {
        self.init(loop: loop, ledger: RedisLedger(inventory), behaviour: behaviour) {
            var moment = timespec()
            clock_gettime(CLOCK_REALTIME, &moment)
            return Int64(moment.tv_sec) * 1000 + Int64(moment.tv_nsec) / 1_000_000
        }
    }
}

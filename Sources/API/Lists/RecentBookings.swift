import Booking
import Synchronization

/// The bookings that a process has claimed or changed lately, by user: what its own lists show though it is not persisted
/// yet. The same object for all loops of a process.
///
/// A ring of fixed size: to note a booking takes a lock and four stores, and allocates nothing. Only ids are kept;
/// what became of them is read when it is asked for.
public final class RecentBookings: Sendable {
    /// Bookings that are remembered, a power of two: what a busy process claims in some ten seconds. The reconciler needs
    /// some milliseconds; after a longer outage older ones are missing from lists that say they are not complete.
    public static let usual = 1 << 17

    private struct Entry {
        var booking = BookingID(stored: UUIDBytes(high: 0, low: 0))
        var owner = 0
        /// The number of the one before in the same chain; 0 for none.
        var previous = 0
    }

    private struct Ring {
        var entries: [Entry]
        /// The number of the newest one of each chain; 0 for none.
        var heads: [Int]
        /// How many were noted; the newest one's number.
        var count = 0
    }

    private let ring: Mutex<Ring>
    private let mask: Int

    /// - Parameter capacity: a power of two.
    public init(capacity: Int = RecentBookings.usual) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a power of two")
        mask = capacity - 1
        ring = Mutex(
            Ring(entries: Array(repeating: Entry(), count: capacity), heads: Array(repeating: 0, count: capacity)))
    }

    /// Remembers that a user has, or had, a booking.
    func note(_ booking: BookingID, of user: UserID) {
        let owner = user.hashValue
        ring.withLock { ring in
            ring.count += 1
            let head = owner & mask
            ring.entries[ring.count & mask] = Entry(booking: booking, owner: owner, previous: ring.heads[head])
            ring.heads[head] = ring.count
        }
    }

    /// A user's, the newest first, each once. Another user's may be among them, for owners are compared by their hashes.
    func bookings(of user: UserID, limit: Int) -> [BookingID] {
        let owner = user.hashValue
        var found = Distinct(limit: limit)
        ring.withLock { ring in
            var number = ring.heads[owner & mask]
            // What is older than the ring is long was overwritten.
            while number > 0, number + mask >= ring.count, !found.isFull {
                let entry = ring.entries[number & mask]
                if entry.owner == owner { found.add(entry.booking) }
                number = entry.previous
            }
        }
        return found.bookings
    }

    /// Everybody's, the newest first, each once.
    func bookings(limit: Int) -> [BookingID] {
        var found = Distinct(limit: limit)
        ring.withLock { ring in
            var number = ring.count
            while number > 0, number + mask >= ring.count, !found.isFull {
                found.add(ring.entries[number & mask].booking)
                number -= 1
            }
        }
        return found.bookings
    }

    private struct Distinct {
        let limit: Int
        private(set) var bookings: [BookingID] = []
        private var seen: Set<BookingID> = []
        private var looked = 0

        init(limit: Int) { self.limit = limit }

        /// A booking that changes again and again does not make a list look through the whole ring.
        var isFull: Bool { bookings.count == limit || looked == 8 * limit }

        mutating func add(_ booking: BookingID) {
            looked += 1
            if seen.insert(booking).inserted { bookings.append(booking) }
        }
    }
}

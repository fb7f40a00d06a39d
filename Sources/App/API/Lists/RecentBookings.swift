import BoxOffice
import Synchronization

/// The bookings that this process recently claimed or changed, by user, so that its lists can show them before they are
/// persisted. One object shared by all loops of a process.
///
/// A ring of fixed size: noting a booking takes a lock and four stores, and allocates nothing. Only ids are kept; the
/// bookings' states are read on demand.
package final class RecentBookings: Sendable {
    /// The usual capacity, a power of two: what a busy process claims in some ten seconds. The reconciler needs some
    /// milliseconds; after a longer outage older bookings are missing from lists, which are then marked as incomplete.
    package static let usual = 1 << 17

    private struct Entry {
        var booking = BookingID(stored: UUIDBytes(high: 0, low: 0))
        var owner = 0
        /// The number of the previous entry of the same chain; 0 for none.
        var previous = 0
    }

    private struct Ring {
        var entries: [Entry]
        /// The number of each chain's newest entry; 0 for none.
        var heads: [Int]
        /// How many bookings were noted; also the newest entry's number.
        var count = 0
    }

    private let ring: Mutex<Ring>
    private let mask: Int

    /// - Parameter capacity: a power of two.
    package init(capacity: Int = RecentBookings.usual) {
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

    /// A user's bookings, newest first, each once. Another user's may be among them, since owners are compared by hash.
    func bookings(of user: UserID, limit: Int) -> [BookingID] {
        let owner = user.hashValue
        var found = Distinct(limit: limit)
        ring.withLock { ring in
            var number = ring.heads[owner & mask]
            // Entries older than the ring's length were overwritten.
            while number > 0, number + mask >= ring.count, !found.isFull {
                let entry = ring.entries[number & mask]
                if entry.owner == owner { found.add(entry.booking) }
                number = entry.previous
            }
        }
        return found.bookings
    }

    /// All users' bookings, newest first, each once.
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

        /// Bounds the search, so that a booking that changes often does not make a list scan the whole ring.
        var isFull: Bool { bookings.count == limit || looked == 8 * limit }

        mutating func add(_ booking: BookingID) {
            looked += 1
            if seen.insert(booking).inserted { bookings.append(booking) }
        }
    }
}

/// A booking's status, as `BookingStatus`.
enum Status: UInt8 {
    case none, reserved, paying, confirmed, cancelled, expired, failed

    var isHeld: Bool { self == .reserved || self == .paying }
    var isLive: Bool { isHeld || self == .confirmed }
}

/// A payment's status, as `PaymentStatus`.
enum Money: UInt8 {
    case none, pending, succeeded, failed, refundDue
}

/// The state of a charge in flight.
enum Charge: UInt8 {
    case none
    /// Waiting for the attempt to be persisted.
    case begun
    /// The provider may be asked.
    case recorded
    /// The provider has captured the money; the booking does not have the outcome yet.
    case taken
}

/// A booking as one store has it. State types must have no padding: a state is hashed by its bytes in memory.
struct Image {
    var status = Status.none
    var version: UInt8 = 0
    /// The running or last attempt, counted from 1, and its outcome.
    var attempt: UInt8 = 0
    var money = Money.none
    /// Distinguishes versions of different histories, as `updatedAt` does: the number of earlier faults.
    var history: UInt8 = 0
}

/// A booking in Redis.
struct Record {
    var image = Image()
    var epoch: UInt8 = 0
}

/// One entry of the outbox.
struct Entry {
    var id: UInt8 = 0
    var booking: UInt8 = 0
    var image = Image()
    /// A booking that was claimed in the same call, counted from 1.
    var also: UInt8 = 0

    /// That booking's image.
    var claimed: Image { Image(status: .reserved, version: 1, history: image.history) }
}

/// A run of entries: an outbox, or a batch.
struct Entries {
    static let capacity = 9
    var count: UInt8 = 0
    var list = InlineArray<9, Entry>(repeating: Entry())

    /// Returns false if there is no room; such a state is not searched.
    mutating func append(_ entry: Entry) -> Bool {
        guard count < Self.capacity else { return false }
        list[Int(count)] = entry
        count += 1
        return true
    }

    /// Drops all entries below an id.
    mutating func removeAll(below id: UInt8) {
        var kept = Entries()
        for index in 0..<Int(count) where list[index].id >= id { _ = kept.append(list[index]) }
        self = kept
    }
}

/// A Redis's data of the partition.
struct Data {
    enum Gate: UInt8 { case closed, open, suspect }

    var epoch: UInt8 = 0
    var lineage: UInt8 = 0
    var run: UInt8 = 0
    var replication: UInt8 = 0
    var gate = Gate.closed
    var isDamaged = false
    var hasOutbox = false
    var lastID: UInt8 = 0
    /// Whether the first booking's key is stored in the keys of two days.
    var hasKey = false
    var eventEpoch: UInt8 = 0
    /// Free, held or sold.
    var seats = InlineArray<2, Seat>(repeating: .free)
    var records = InlineArray<3, Record>(repeating: Record())
    var outbox = Entries()

    enum Seat: UInt8 { case free, held, sold }
}

/// A Redis.
struct Server {
    var isUp = false
    var isPrimary = false
    var run: UInt8 = 0
    var replication: UInt8 = 0
    var data = Data()
}

/// The server that a client is connected to, and the identity that it last read there.
struct Connection {
    /// Counted from 1; 0 for none.
    var server: UInt8 = 0
    var run: UInt8 = 0
    var replication: UInt8 = 0
}

/// A copy of the API.
struct Caller {
    var connection = Connection()
    /// A booking read from PostgreSQL to be loaded into Redis, counted from 1.
    var read: UInt8 = 0
    var readEpoch: UInt8 = 0
    var image = Image()
}

/// A copy of the reconciler.
struct Copy {
    enum Phase: UInt8 {
        case idle, writing
        case raising, closing, tail, writingTail, passingTail, salvaging, writingSalvage
        case reading, loadingEvent, loadingHolds, opening
    }

    var connection = Connection()
    var phase = Phase.idle
    var owner: UInt8 = 0
    /// Whether the copy believes that it has the lease, and the partition's row as it last read it.
    var isLeased = false
    var epoch: UInt8 = 0
    var cursor: UInt8 = 0
    var lineage: UInt8 = 0
    /// Identity and findings at the start of the recovery.
    var run: UInt8 = 0
    var replication: UInt8 = 0
    var foundLineage: UInt8 = 0
    var foundDamage = false
    var batch = Entries()
    var rows = InlineArray<3, Image>(repeating: Image())
}

/// PostgreSQL: the partition's row, the bookings, and the payments.
struct Ledger {
    var epoch: UInt8 = 1
    var cursor: UInt8 = 0
    var lineage: UInt8 = 0
    var owner: UInt8 = 0
    var rows = InlineArray<3, Image>(repeating: Image())
    /// 1: refused, 2: refused and overruled.
    var verdicts = InlineArray<3, UInt8>(repeating: 0)
    /// Payments by booking and attempt, and the booking version that set them.
    var payments = InlineArray<6, Money>(repeating: .none)
    var paymentVersions = InlineArray<6, UInt8>(repeating: 0)
}

/// The state of the whole world.
struct State {
    var servers = InlineArray<2, Server>(repeating: Server())
    var callers = InlineArray<2, Caller>(repeating: Caller())
    var copies = InlineArray<2, Copy>(repeating: Copy())
    var ledger = Ledger()
    var charges = InlineArray<3, Charge>(repeating: .none)
    /// The running or last attempt.
    var attempts = InlineArray<3, UInt8>(repeating: 0)
    /// The version of a confirmation whose `persisted` a customer waits for.
    var waits = InlineArray<3, UInt8>(repeating: 0)
    var waitHistories = InlineArray<3, UInt8>(repeating: 0)
    // One bit per booking.
    var claimed: UInt8 = 0
    var cancelAsked: UInt8 = 0
    var confirmedTo: UInt8 = 0
    var persistedTo: UInt8 = 0
    /// One bit per attempt of each booking.
    var captured: UInt8 = 0
    // Counts of past steps.
    var faults: UInt8 = 0
    var crashes: UInt8 = 0
    var takeovers: UInt8 = 0
    var recoveries: UInt8 = 0
    var syncs: UInt8 = 0
    var nextRun: UInt8 = 3
    var nextReplication: UInt8 = 2
    /// Whether Redis has lost data.
    var isLossy = false
    var violation = Violation.none
    /// A bound of the model was exceeded: the state is not searched.
    var isBeyond = false
}

/// The index of an attempt in the flat lists.
func slot(_ booking: Int, _ attempt: UInt8) -> Int { 2 * booking + Int(attempt) - 1 }

extension UInt8 {
    func has(_ booking: Int) -> Bool { self & (1 << UInt8(booking)) != 0 }
    mutating func set(_ booking: Int) { self |= 1 << UInt8(booking) }
}

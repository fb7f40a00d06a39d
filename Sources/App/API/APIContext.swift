import Accounts
import BoxOffice
import Cryptography
import Glibc
import HTTP
import JSON
import Loops
import Payments
import PostgresClient
import Records
import RedisClient
import SeatInventory
import Settlement

/// What the routes of one loop share.
final class APIContext {
    let loop: EventLoop
    let configuration: APIConfiguration
    let inventory: Inventory
    let pool: PostgresPool
    let catalogue: Catalogue
    let store: BookingStore
    let partitions: Partitions
    let epochs: EpochCheck
    let barrier: ListBarrier
    let recent: RecentBookings
    let seats: SeatCache
    let seatStore: SeatStore
    let venues: VenueStore
    let acks: AckRegistry
    let pressure: Pressure
    let inFlight: InFlight
    let gateway: any PaymentGateway
    let locator: BookingLocator
    let recorder: ChargeRecorder
    let authenticator: Authenticator
    let audit: AuditTrail
    let revocations = Revocations()
    let random = RandomSource()
    /// Key for the fingerprints of requests with an idempotency key.
    let fingerprintKey: HMACKey
    private var numbers: [Int64: EventID] = [:]
    /// Drops cached catalogue data; set by the owner of the cache.
    var onCatalogueChange: () -> Void = {}

    /// One in this many of the requests in flight may be a list that waits for the reconciler.
    private static let waitingShare = 4
    /// Numbers never change, and no event becomes a draft again, so they can be cached; at most this many.
    private static let numberLimit = 10_000

    init(
        loop: EventLoop, configuration: APIConfiguration, inventory: Inventory, pool: PostgresPool,
        acks: AckRegistry, store: BookingStore
    ) {
        self.loop = loop
        self.configuration = configuration
        fingerprintKey = HMACKey(configuration.secret)
        self.inventory = inventory
        self.pool = pool
        self.acks = acks
        self.store = store
        pressure = Pressure(loop: loop, inventory: inventory, outboxLimit: configuration.outboxLimit)
        inFlight = InFlight(limit: configuration.inFlightLimit)
        catalogue = Catalogue(pool: pool)
        partitions = Partitions(pool: pool)
        epochs = EpochCheck(loop: loop, partitions: partitions)
        barrier = ListBarrier(
            loop: loop, inventory: inventory, partitions: partitions,
            waiterLimit: configuration.inFlightLimit / Self.waitingShare, longestWait: configuration.persistWait)
        recent = configuration.recent
        seatStore = SeatStore(pool: pool)
        seats = SeatCache(seatStore)
        venues = VenueStore(pool: pool)
        gateway = configuration.gateway(loop, inventory)
        locator = BookingLocator(inventory: inventory, bookings: store, catalogue: catalogue, seats: seatStore)
        recorder = ChargeRecorder(inventory: inventory, locator: locator, charges: ChargeStore(pool: pool))
        authenticator = Authenticator(
            tokens: TokenVerifier(
                own: AccessTokens(secret: configuration.secret), outside: configuration.accounts.outside,
                revocations: revocations),
            apiKeys: configuration.apiKeys,
            clock: { Int64(time(nil)) })
        audit = AuditTrail(
            loop: loop, log: AuditLog(pool: pool), authenticator: authenticator, random: random,
            now: Self.unixMilliseconds)
    }

    /// This machine's clock, Unix milliseconds: for ids and `Retry-After`, never for deadlines.
    var now: Int64 { Self.unixMilliseconds() }

    private static func unixMilliseconds() -> Int64 {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME, &moment)
        return Int64(moment.tv_sec) * 1000 + Int64(moment.tv_nsec) / 1_000_000
    }

    /// A new UUIDv4.
    func uuid() -> UUIDBytes {
        UUIDBytes(
            high: random.next() & 0xffff_ffff_ffff_0fff | 0x4000,
            low: random.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }

    /// Whether a text can name an event: an id, or a number without sign or leading zeros.
    static func isEventReference(_ text: String) -> Bool { EventID(text) != nil || eventNumber(text) != nil }

    private static func eventNumber(_ text: String) -> Int64? {
        guard let number = Int64(text), number > 0, String(number) == text else { return nil }
        return number
    }

    /// The event that an id or a number names.
    ///
    /// - Parameter asAdmin: whether the number of a draft is accepted: drafts exist for administrators only.
    func event(_ text: String, asAdmin: Bool = false) async throws -> EventID {
        if let id = EventID(text) { return id }
        guard let number = Self.eventNumber(text) else { throw Problem.eventNotFound }
        if let known = numbers[number] { return known }
        guard let event = try await catalogue.event(number: number) else { throw Problem.eventNotFound }
        guard event.status != "draft" else {
            guard asAdmin else { throw Problem.eventNotFound }
            return event.id
        }
        if numbers.count >= Self.numberLimit { numbers.removeAll() }
        numbers[number] = event.id
        return event.id
    }

    /// Loads an event into Redis unless it is there.
    func load(_ event: EventRecord) async throws { try await locator.load(event) }

    /// Loads an event that is missing in Redis: its publication was interrupted, or it was cancelled as a draft.
    func bring(_ event: EventID) async throws {
        guard let record = try await catalogue.event(event), record.status != "draft" else {
            throw Problem.eventNotFound
        }
        try await load(record)
    }

    /// Called when this process has changed the catalogue: the next answer on this loop shows the change.
    func catalogueChanged() { onCatalogueChange() }

    /// Current availability; `nil` if Redis cannot answer, so that the caller uses PostgreSQL's numbers.
    func live(_ id: EventID) async -> Availability? {
        guard let availability = try? await inventory.availability(id), availability.isOpen else { return nil }
        return availability
    }

    /// The problem for an event that Redis does not have: PostgreSQL decides whether it exists.
    func notInRedis(_ event: EventID) async throws -> Problem {
        guard let record = try await catalogue.event(event), record.status != "draft" else { return .eventNotFound }
        return .inventory(InventoryError(.recovering))
    }

    /// A booking as clients see it, with the names of its seats.
    ///
    /// - Parameter availability: what the tiers had left right after the claim; only the answer to a claim has it.
    func json(
        _ id: BookingID, _ image: Booking, persisted: Bool, availability: [TierAvailability]? = nil
    ) async -> [UInt8] {
        var json = JSONWriter(capacity: 768)
        await write(id, image, persisted: persisted, availability: availability, to: &json)
        return json.bytes
    }

    /// Appends the booking's JSON to `json`.
    func write(
        _ id: BookingID, _ image: Booking, persisted: Bool, availability: [TierAvailability]? = nil,
        to json: inout JSONWriter
    ) async {
        // Without PostgreSQL, seats that were never loaded have no names; the booking is returned anyway.
        let hasSeats = image.items.contains { !$0.seats.isEmpty }
        let map = hasSeats ? try? await seats.plan(of: image.event)?.map : nil
        BookingJSON.write(id, image, map, persisted: persisted, availability: availability, to: &json)
    }

    /// The id of a new booking. It is random even for a claim with a key: two replicas that receive the claim at once,
    /// while each talks to a different Redis, must not make two bookings with one id.
    func newBooking(of event: EventID) -> BookingID { newBooking(in: inventory.keys.partition(of: event)) }

    /// The id of a new booking in a known partition.
    func newBooking(in partition: Partition) -> BookingID {
        BookingID(partition: partition, milliseconds: now, random: random.next())
    }

    /// The booking that a path names.
    func booking(_ request: HTTPRequest) throws(Problem) -> BookingID {
        guard let id = BookingID(request.parameters["id"] ?? "", partitions: inventory.keys.partitions) else {
            throw .bookingNotFound
        }
        return id
    }
}

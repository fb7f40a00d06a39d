import Accounts
import Booking
import Cryptography
import EventLoop
import Glibc
import HTTPServer
import Inventory
import Payments
import PostgresClient
import Records
import RedisClient

/// What the routes of one loop share.
final class APIContext {
    let loop: EventLoop
    let configuration: APIConfiguration
    let inventory: Inventory
    let pool: PostgresPool
    let catalogue: Catalogue
    let store: BookingStore
    let acks: AckRegistry
    let gateway: any PaymentGateway
    let authenticator: Authenticator
    let random = RandomSource()
    private var numbers: [Int64: EventID] = [:]

    /// Numbers never change; this many are remembered.
    private static let numberLimit = 10_000

    init(
        loop: EventLoop, configuration: APIConfiguration, inventory: Inventory, pool: PostgresPool,
        acks: AckRegistry, store: BookingStore
    ) {
        self.loop = loop
        self.configuration = configuration
        self.inventory = inventory
        self.pool = pool
        self.acks = acks
        self.store = store
        catalogue = Catalogue(pool: pool)
        gateway = SimulatedGateway(loop: loop, delay: configuration.paymentDelay)
        authenticator = Authenticator(
            tokens: TokenVerifier(
                own: AccessTokens(secret: configuration.secret), outside: configuration.accounts.outside),
            apiKeys: configuration.apiKeys,
            clock: { Int64(time(nil)) })
    }

    /// This machine's clock, Unix milliseconds: for ids and `Retry-After`, never for deadlines.
    var now: Int64 {
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

    /// The event that an id or a number names.
    func event(_ text: String) async throws -> EventID {
        if let id = EventID(text) { return id }
        guard let number = Int64(text), number > 0, String(number) == text else { throw Problem.eventNotFound }
        if let known = numbers[number] { return known }
        guard let event = try await catalogue.event(number: number) else { throw Problem.eventNotFound }
        if numbers.count >= Self.numberLimit { numbers.removeAll() }
        numbers[number] = event.id
        return event.id
    }

    /// The booking that a path names.
    func booking(_ request: HTTPRequest) throws(Problem) -> BookingID {
        guard let id = BookingID(request.parameters["id"] ?? "", partitions: inventory.keys.partitions) else {
            throw .bookingNotFound
        }
        return id
    }

    /// The request's trace context (W3C), when it is well-formed.
    func traceparent(_ request: HTTPRequest) -> String {
        guard let header = request.header("traceparent"), header.utf8.count == 55, header.hasPrefix("00-"),
            header.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) || $0 == 45 })
        else { return "" }
        return header
    }
}

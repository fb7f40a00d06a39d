import BoxOffice
import Loops
import PostgresClient
import Records
import SeatInventory

/// Lists of bookings as of their request (ADR 22): from PostgreSQL, once it has everything that was answered before; if
/// that takes too long, supplemented with the bookings that this process knows of. One per loop.
final class BookingLists {
    /// One booking of a list.
    struct Item {
        let id: BookingID
        let image: Booking
        let persisted: Bool
    }

    /// One page of a list.
    struct Page {
        var items: [Item]
        /// The last booking of the page, if more follow.
        var next: BookingID?
        /// Whether the page has everything that was answered before the request.
        let isComplete: Bool

        /// The answer when PostgreSQL is away and nothing is known without it: still a 200.
        static let unknown = Page(items: [], next: nil, isComplete: false)
    }

    let context: APIContext

    /// Longest wait for a page's query: after that, customers get what this process knows.
    private static let queryTime = Duration.seconds(1)
    /// An administrator's search may take longer.
    private static let searchTime = Duration.seconds(3)
    /// Longest wait for a read from Redis.
    private static let readTime = Duration.milliseconds(500)
    /// Most recent bookings that one list considers.
    private static let recentLimit = 1000
    /// Bookings per read from Redis.
    private static let readLimit = 200
    /// Most dead letters that one list examines; there should be none.
    private static let deadLetterLimit = 100

    init(_ context: APIContext) { self.context = context }

    /// Waits until PostgreSQL has everything that a list needs.
    ///
    /// - Parameter event: the event that the list is limited to, if any.
    func pass(_ event: EventID?) async -> ListBarrier.Passage {
        await context.barrier.pass(
            event.map { context.inventory.keys.partition(of: $0) }, within: context.configuration.persistWait)
    }

    /// One page.
    ///
    /// - Parameters:
    ///   - filter: the requested filter; its `now` is set here.
    ///   - limit: the most bookings of the page.
    func page(_ filter: BookingFilter, limit: Int) async -> Page {
        let passage = await pass(filter.event)
        var filter = filter
        filter.now = passage.now ?? context.now
        let letters = passage.hasDeadLetters ? await deadLetters(filter) : []
        if passage.isComplete, letters?.isEmpty == true, let rows = await query(filter, [], limit + 1) {
            return Self.page(rows.map { Self.item($0, filter.now) }, limit, isComplete: true)
        }
        return await withOwn(filter, limit, letters ?? [])
    }

    /// Payments, newest first; empty while PostgreSQL is away.
    func payments(_ filter: PaymentFilter, limit: Int) async -> (rows: [PaymentRow], isComplete: Bool) {
        let keys = context.inventory.keys
        let named = filter.booking?.partition ?? filter.event.map { keys.partition(of: $0) }
        // A provider may report a payment for a booking id that cannot exist.
        let partition = named.flatMap { $0.number < keys.partitions ? $0 : nil }
        let passage = await context.barrier.pass(partition, within: context.configuration.persistWait)
        let rows = await context.loop.within(Self.searchTime) { [store = PaymentStore(pool: context.pool)] in
            try? await store.list(filter, limit: limit)
        }
        return (rows ?? [], passage.isComplete && !passage.hasDeadLetters && rows != nil)
    }

    private static func page(_ items: [Item], _ limit: Int, isComplete: Bool) -> Page {
        Page(
            items: Array(items.prefix(limit)), next: items.count > limit ? items[limit - 1].id : nil,
            isComplete: isComplete)
    }

    /// A hold past its end is reported as expired; the expiry itself is not persisted.
    private static func item(_ row: BookingRow, _ now: Int64) -> Item {
        Item(id: row.id, image: row.image.asOf(now), persisted: !row.image.hasExpired(at: now))
    }

    /// - Returns: `nil` if PostgreSQL does not answer.
    private func query(_ filter: BookingFilter, _ except: [BookingID], _ limit: Int) async -> [BookingRow]? {
        await context.loop.within(filter.user == nil ? Self.searchTime : Self.queryTime) { [context] in
            try? await context.store.list(filter, except: except, limit: limit)
        }
    }

    // MARK: - Incomplete lists

    /// PostgreSQL's page, merged with bookings that this process knows of and PostgreSQL may not have.
    ///
    /// The latter are excluded from PostgreSQL's page and merged in their present state. So none is missing or
    /// duplicated, whatever its status in PostgreSQL, and the page has its usual length.
    private func withOwn(_ filter: BookingFilter, _ limit: Int, _ letters: [BookingID]) async -> Page {
        let own = await fresh(candidates(filter, letters), limit, filter)
        let rows = await query(filter, own.map(\.id), limit + 1) ?? []
        var items = rows.map { Self.item($0, filter.now) } + own.filter { filter.admits($0.id, $0.image) }
        items.sort { $0.id.uuid > $1.id.uuid }
        var page = Self.page(items, limit, isComplete: false)
        page.items = await verified(page.items, filter)
        return page
    }

    private func candidates(_ filter: BookingFilter, _ letters: [BookingID]) -> [BookingID] {
        let recent =
            filter.user.map { context.recent.bookings(of: $0, limit: Self.recentLimit) }
            ?? context.recent.bookings(limit: Self.recentLimit)
        var all = Set(recent + letters)
        if let before = filter.before { all = all.filter { $0.uuid < before.uuid } }
        if let event = filter.event {
            let partition = context.inventory.keys.partition(of: event)
            all = all.filter { $0.partition == partition }
        }
        return all.sorted { $0.uuid > $1.uuid }
    }

    /// Bookings in their present state in Redis, until there are enough for a page.
    private func fresh(_ ids: [BookingID], _ limit: Int, _ filter: BookingFilter) async -> [Item] {
        var items: [Item] = []
        var rest = ids[...]
        while !rest.isEmpty, items.count(where: { filter.admits($0.id, $0.image) }) <= limit {
            let some = Array(rest.prefix(Self.readLimit))
            rest = rest.dropFirst(some.count)
            guard let found = await inRedis(some) else { break }
            items += found.map { id, booking in
                Item(
                    id: id, image: booking.image.asOf(filter.now),
                    persisted: booking.persisted && !booking.image.hasExpired(at: filter.now))
            }
        }
        return items
    }

    /// Reads bookings from Redis. Leaves out those of another epoch, which PostgreSQL answers for (ADR 18); without
    /// PostgreSQL, Redis is trusted alone.
    private func inRedis(_ ids: [BookingID]) async -> [BookingID: Inventory.FoundBooking]? {
        let read = await context.loop.within(Self.readTime) { [context] in try? await context.inventory.bookings(ids) }
        guard var found = read, !found.isEmpty else { return nil }
        let standings = await standings(of: Set(found.keys.map(\.partition)))
        guard !standings.isEmpty else { return found }
        found = found.filter { id, booking in standings[id.partition]?.epoch == booking.epoch }
        let doubtful = found.filter { $0.value.persisted && standings[$0.key.partition]?.hasRefused != false }
        guard !doubtful.isEmpty else { return found }
        let made = (try? await context.store.made(of: Array(doubtful.keys))) ?? [:]
        for (id, booking) in doubtful { found[id]?.persisted = made[id] == booking.image.made }
        return found
    }

    private func standings(of partitions: Set<Partition>) async -> [Partition: PartitionStatus] {
        await context.loop.within(Self.queryTime) { [context] in
            try? await context.partitions.standings(of: Array(partitions))
        } ?? [:]
    }

    /// Re-reads holds that are past their end in PostgreSQL: they may have been paid or extended since.
    private func verified(_ items: [Item], _ filter: BookingFilter) async -> [Item] {
        let doubtful = items.filter { $0.image.status == .expired && !$0.persisted }.map(\.id)
        guard !doubtful.isEmpty, let found = await inRedis(doubtful) else { return items }
        return items.compactMap { item in
            guard let booking = found[item.id] else { return item }
            let image = booking.image.asOf(filter.now)
            guard filter.admits(item.id, image) else { return nil }
            return Item(
                id: item.id, image: image, persisted: booking.persisted && !booking.image.hasExpired(at: filter.now))
        }
    }

    /// Bookings that have dead letters; `nil` if PostgreSQL does not answer.
    private func deadLetters(_ filter: BookingFilter) async -> [BookingID]? {
        let keys = context.inventory.keys
        let entries = await context.loop.within(Self.queryTime) { [context] in
            try? await context.store.deadLetters(
                of: filter.user.map { EscapedText.encode($0.text) }, in: filter.event.map { keys.partition(of: $0) },
                limit: Self.deadLetterLimit)
        }
        return entries?.flatMap { entry in
            entry.split(whereSeparator: \.isWhitespace).compactMap {
                BookingID(String($0), partitions: keys.partitions)
            }
        }
    }
}

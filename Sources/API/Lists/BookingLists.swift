import Booking
import EventLoop
import Inventory
import PostgresClient
import Records

/// Lists of bookings as of their request (ADR 22): PostgreSQL's, once it has everything that was answered before; when
/// it has not in time, with what this process itself knows of. One per loop.
final class BookingLists {
    /// One booking of a list.
    struct Item {
        let id: BookingID
        let image: BookingImage
        let persisted: Bool
    }

    /// A part of a list.
    struct Page {
        var items: [Item]
        /// The last one, when others follow.
        var next: BookingID?
        /// Whether it has everything that was answered before it was asked for.
        let isComplete: Bool

        /// What is told when PostgreSQL, which alone knows what was asked for, is away: a list is 200 all the same.
        static let unknown = Page(items: [], next: nil, isComplete: false)
    }

    let context: APIContext

    /// A query of a page is not waited for longer: customers get what this process knows.
    private static let queryTime = Duration.seconds(1)
    /// An administrator's search may take longer.
    private static let searchTime = Duration.seconds(3)
    /// Nor what Redis has, longer than this.
    private static let readTime = Duration.milliseconds(500)
    /// Bookings of one list that are looked for in memory.
    private static let recentLimit = 1000
    /// Read from Redis at a time.
    private static let readLimit = 200
    /// Dead letters that one list looks into: there should be none.
    private static let deadLetterLimit = 100

    init(_ context: APIContext) { self.context = context }

    /// Waits until PostgreSQL has everything that a list is to have.
    ///
    /// - Parameter event: the event that it is about, if it is about one.
    func pass(_ event: EventID?) async -> ListBarrier.Passage {
        await context.barrier.pass(
            event.map { context.inventory.keys.partition(of: $0) }, within: context.configuration.persistWait)
    }

    /// One page.
    ///
    /// - Parameters:
    ///   - filter: what is asked for; when is filled in here.
    ///   - limit: at most so many.
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

    /// Payments, newest first; none while PostgreSQL is away.
    func payments(_ filter: PaymentFilter, limit: Int) async -> (rows: [PaymentRow], isComplete: Bool) {
        let keys = context.inventory.keys
        let named = filter.booking?.partition ?? filter.event.map { keys.partition(of: $0) }
        // Money may have come for a booking that cannot be.
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

    /// A hold past its time is told as expired; that is not on record.
    private static func item(_ row: BookingRow, _ now: Int64) -> Item {
        Item(id: row.id, image: row.image.asOf(now), persisted: !row.image.hasLapsed(at: now))
    }

    /// - Returns: `nil` when PostgreSQL does not answer.
    private func query(_ filter: BookingFilter, _ except: [BookingID], _ limit: Int) async -> [BookingRow]? {
        await context.loop.within(filter.user == nil ? Self.searchTime : Self.queryTime) { [context] in
            try? await context.store.list(filter, except: except, limit: limit)
        }
    }

    // MARK: - What PostgreSQL has not

    /// The page of what PostgreSQL has, with what this process knows of and PostgreSQL may not have.
    ///
    /// Those are left out of PostgreSQL's page and sorted in as they are now, so that whatever their status was there
    /// none is missing, doubled or told twice, and the page is as long as it would be.
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

    /// Bookings as Redis has them now, until there are enough for a page.
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
                    persisted: booking.persisted && !booking.image.hasLapsed(at: filter.now))
            }
        }
        return items
    }

    /// Of bookings that a recovery has moved on from, PostgreSQL tells (ADR 18); without it, Redis's word is taken.
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

    private func standings(of partitions: Set<Partition>) async -> [Partition: PartitionStanding] {
        await context.loop.within(Self.queryTime) { [context] in
            try? await context.partitions.standings(of: Array(partitions))
        } ?? [:]
    }

    /// A hold that is past its time by what PostgreSQL has may have been paid or extended since.
    private func verified(_ items: [Item], _ filter: BookingFilter) async -> [Item] {
        let doubtful = items.filter { $0.image.status == .expired && !$0.persisted }.map(\.id)
        guard !doubtful.isEmpty, let found = await inRedis(doubtful) else { return items }
        return items.compactMap { item in
            guard let booking = found[item.id] else { return item }
            let image = booking.image.asOf(filter.now)
            guard filter.admits(item.id, image) else { return nil }
            return Item(
                id: item.id, image: image, persisted: booking.persisted && !booking.image.hasLapsed(at: filter.now))
        }
    }

    /// Bookings of which dead letters tell; `nil` when that cannot be asked.
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

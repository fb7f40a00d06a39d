package import BoxOffice
import LuaLibrary
import RedisClient

extension Inventory {
    /// A booking in Redis, whether this version is persisted, and the partition's epoch.
    package typealias FoundBooking = (image: Booking, persisted: Bool, epoch: Int64)

    /// Reads a booking from Redis.
    ///
    /// - Returns: its image, whether PostgreSQL has this version, and the partition's epoch; `nil` if the booking is
    ///   not in Redis (any more): it is in PostgreSQL or nowhere.
    /// - Throws: `.recovering` while its partition is not open: read PostgreSQL instead.
    package func booking(_ id: BookingID) async throws(InventoryError) -> FoundBooking? {
        let result = await withUnsafeContinuation { continuation in
            booking(id) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Reads a booking without a task; all bookings requested in one tick are read together.
    ///
    /// - Parameter then: called once, on the loop.
    package func booking(_ id: BookingID, then: @escaping (Result<FoundBooking?, InventoryError>) -> Void) {
        bookingLookup.ask(id, then)
    }

    /// Reads bookings of one partition, and then its state, which therefore applies to the bookings.
    func read(
        _ partition: Partition, _ ids: [BookingID],
        _ answer: @escaping (Result<[FoundBooking?], InventoryError>) -> Void
    ) {
        var question = RedisCommand(argumentCount: 1 + ids.count)
        question.append("MGET")
        for id in ids { question.append(keys.booking(id)) }
        var records: Result<[RedisValue], InventoryError> = .success([])
        connection.send(question) { result in
            records = result.mapError { InventoryError($0) }.map { $0.array ?? [] }
        }
        connection.send(stateCommand(partition)) { [self] result in
            do throws(InventoryError) {
                let records = try records.get()
                guard case .success(let reply) = result else {
                    return answer(.failure(result.failure.map { InventoryError($0) } ?? InventoryError(.unavailable)))
                }
                let state = try Self.state(reply).get()
                guard state.isOpen, state.identity == (try identity()) else {
                    throw InventoryError(.recovering, "partition \(partition.number)")
                }
                guard records.count == ids.count else { throw InventoryError(.scriptFailed, "MGET") }
                answer(.success(zip(ids, records).map { found($0, $1, state) }))
            } catch {
                answer(.failure(error))
            }
        }
    }

    private func found(_ id: BookingID, _ value: RedisValue, _ state: PartitionState) -> FoundBooking? {
        guard let record = value.bytes.flatMap({ BookingRecord($0[...]) }), record.epoch == state.epoch else {
            return nil
        }
        bookingEvents.note(id, of: record.image.event)
        return (record.image, record.entry.map { $0 <= state.cursor } ?? true, state.epoch)
    }

    /// Reads a booking's record; see `booking`.
    package func record(_ id: BookingID) async throws(InventoryError) -> BookingRecord? {
        let bytes = try await command(Self.get(keys.booking(id))).bytes
        let state = try await state(of: id.partition)
        guard state.isOpen, state.identity == (try identity()) else {
            throw InventoryError(.recovering, "partition \(id.partition.number)")
        }
        guard let record = bytes.flatMap({ BookingRecord($0[...]) }), record.epoch == state.epoch else { return nil }
        return record
    }

    private static func get(_ key: [UInt8]) -> RedisCommand {
        var command = RedisCommand(argumentCount: 2)
        command.append("GET")
        command.append(key)
        return command
    }

    /// Reads many bookings from Redis in one write; those that are not in Redis, or whose partitions are not open, are
    /// left out.
    package func bookings(_ ids: [BookingID]) async throws(InventoryError) -> [BookingID: FoundBooking] {
        let validated = try identity()
        let partitions = Array(Set(ids.map(\.partition)))
        // Each record is read before its partition's state, as for a single booking.
        let commands =
            ids.map { Self.get(keys.booking($0)) }
            + partitions.map { RedisCommand("HMGET", keys.meta($0), "epoch", "state", "cursor") }
        let replies = await results(of: commands)
        var states: [Partition: (epoch: Int64, cursor: StreamID)] = [:]
        for (partition, reply) in zip(partitions, replies.dropFirst(ids.count)) {
            guard let meta = try reply.get().array, meta.count == 3, let epoch = meta[0].integer,
                meta[1].string == Self.openState(epoch: "\(epoch)", identity: validated)
            else { continue }
            states[partition] = (epoch, meta[2].string.flatMap { StreamID($0) } ?? .zero)
        }
        var found: [BookingID: FoundBooking] = [:]
        for (id, reply) in zip(ids, replies) {
            guard let state = states[id.partition], let bytes = try reply.get().bytes,
                let record = BookingRecord(bytes[...]), record.epoch == state.epoch
            else { continue }
            found[id] = (record.image, record.entry.map { $0 <= state.cursor } ?? true, state.epoch)
        }
        return found
    }

    /// What an event has left, or `nil` if it is not in Redis.
    package func availability(_ event: EventID) async throws(InventoryError) -> Availability? {
        let partition = keys.partition(of: event)
        let reply = try await evaluate(
            functions.availability, keys: [keys.meta(partition), keys.event(event)], arguments: [])
        return try availability(reply)
    }

    /// Parses the function's reply.
    func availability(_ reply: Reply) throws(InventoryError) -> Availability? {
        guard reply.word == "OK" else { return nil }
        guard let asOf = reply.integer(0), let sequence = reply.integer(1), let state = reply.text(2) else {
            throw InventoryError(.scriptFailed, "availability")
        }
        guard let tiers = TierCounters.list(bytes: reply.bytes(4)) else {
            throw InventoryError(.scriptFailed, "availability")
        }
        return Availability(sequence: sequence, asOf: asOf, isOpen: state == "open", tiers: tiers)
    }

    /// Redis's clock, Unix milliseconds.
    package func now() async throws(InventoryError) -> Int64 {
        guard let part = try await command(["TIME"]).array, part.count == 2, let seconds = part[0].integer,
            let microseconds = part[1].integer
        else { throw InventoryError(.scriptFailed, "TIME") }
        return seconds * 1000 + microseconds / 1000
    }

    // MARK: - Idempotency records

    /// An idempotency record in stored form: its fingerprint can be compared before the rest is parsed
    /// (`StoredAnswer`).
    package func idempotencyRecord(
        _ partition: Partition, digest: Digest128
    ) async throws(InventoryError) -> [UInt8]? {
        try await command(Self.get(keys.idempotency(partition, digest: digest))).bytes
    }

    /// The booking that a claim's key made in the last days; `nil` if it made none.
    package func bookingMade(byKeyOf claim: ClaimRequest) async throws(InventoryError) -> BookingID? {
        guard let key = claim.idempotency else { return nil }
        for day in try await keyDays(of: claim.event) {
            let found = try await command(Self.keyLookup(keys.dayKeys(claim.event, day: day), [key.digest.high]))
            guard let made = found.array?.first?.bytes, made.count == 14 else { continue }
            var reader = ByteReader(made[...])
            let milliseconds = reader.long(6)
            return BookingID(
                partition: claim.booking.partition, milliseconds: milliseconds,
                random: UInt64(bitPattern: reader.long(8)))
        }
        return nil
    }

    /// Deletes the record of a key whose request had no outcome worth repeating.
    package func forget(_ request: IdempotentRequest, partition: Partition) async throws(InventoryError) {
        var command = RedisCommand(argumentCount: 2)
        command.append("DEL")
        command.append(keys.idempotency(partition, digest: request.digest))
        _ = try await self.command(command)
    }

    /// Deletes the key of a claim with no outcome worth repeating: the booking that it made was released.
    ///
    /// - Parameter booking: the booking that it made.
    package func forget(
        _ request: IdempotentRequest, of booking: BookingID, event: EventID
    ) async throws(InventoryError) {
        for day in try await keyDays(of: event) {
            var command = RedisCommand(argumentCount: 3)
            command.append("HDEL")
            command.append(keys.dayKeys(event, day: day))
            var bits: [UInt8] = []
            bits.append(word: request.digest.high, width: 8)
            command.append(bits)
            _ = try await self.command(command)
        }
        try await forget(request, partition: booking.partition)
    }

    /// The days whose keys are still stored.
    private func keyDays(of event: EventID) async throws(InventoryError) -> [Int64] {
        guard let bytes = try await command(["HGET", keys.event(event), "n"]).bytes,
            let days = KeyLookup.Days(numbers: bytes), days.last > 0
        else { return [] }
        return days.hasDayBefore ? [days.last, days.last - 1] : [days.last]
    }
}

extension Inventory {
    /// Whether every partition is open under the identity of the Redis that this connection talks to.
    package func isValidated() async throws(InventoryError) -> Bool {
        let token = try identity()
        let replies = try await pipeline(keys.all.map { ["HMGET", keys.meta($0), "state", "epoch"] })
        return replies.allSatisfy { reply in
            Self.isOpen(state: reply.array?.first?.string, epoch: reply.array?.last?.string, identity: token)
        }
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}

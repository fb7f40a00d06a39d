package import BoxOffice
package import Loops
import LuaLibrary
package import RedisClient

/// The Redis side of booking, one per loop: each method is one function call.
///
/// Every function receives the partition's epoch and the identity of the Redis that the connection talks to, and
/// refuses if either differs from what the last recovery validated. Lives on one loop; not `Sendable`.
package final class Inventory {
    package let keys: KeySpace
    /// The connection for all calls.
    package let connection: RedisConnection
    let functions = Functions.shared
    let batcher: OperationBatcher
    let keyLookup: KeyLookup
    var soldOut = SoldOutCache()
    let bookingLookup: BookingLookup
    var bookingEvents = BookingEventCache()
    /// Buffer for the operations of a call, refilled by each.
    var operationBytes: [UInt8] = []
    /// By partition number.
    private var epochs: [String?]
    /// Until when keys of the first form are kept, Unix milliseconds, by partition number; 0 if there are none.
    private var firstFormKeys: [Int64]
    /// Called with the number of operations in each call.
    package var onGroup: (Int) -> Void = { _ in }
    /// Called with the result of every claim.
    package var onClaim: (Result<ClaimOutcome, InventoryError>) -> Void = { _ in }

    /// Called for each claim: its name, the request's trace context, its duration in nanoseconds, and whether it
    /// failed. If `nil`, claims are not timed. The connection reports all other calls.
    package var onScript: ((_ script: String, _ record: String, _ nanoseconds: Int64, _ hasFailed: Bool) -> Void)?

    /// The inventory on a loop. On the loop's thread only.
    ///
    /// - Parameter channel: where acknowledgements for this loop are published; empty if it does not subscribe.
    package init(loop: EventLoop, connection: RedisConnection, keys: KeySpace, channel: String) {
        self.connection = connection
        self.keys = keys
        self.channel = channel
        self.batcher = OperationBatcher(loop: loop)
        self.keyLookup = KeyLookup(loop: loop)
        self.bookingLookup = BookingLookup(loop: loop)
        epochs = Array(repeating: nil, count: keys.partitions)
        firstFormKeys = Array(repeating: 0, count: keys.partitions)
        batcher.send = { [unowned self] event, group, landed in self.sendGroup(event, group, landed) }
        keyLookup.send = { [unowned self] in self.lookUp($0, $1, $2, $3) }
        bookingLookup.send = { [unowned self] in self.read($0, $1, $2) }
    }

    /// Where acknowledgements for this loop are published.
    package let channel: String

    // MARK: - Epoch and identity

    /// The identity of the Redis that the connection talks to.
    func identity() throws(InventoryError) -> String {
        guard let identity = connection.identity else {
            throw InventoryError(connection.isReady ? .recovering : .unavailable, "the identity of Redis is unknown")
        }
        guard identity.isMaster else { throw InventoryError(.recovering, "Redis is a replica") }
        return identity.validated
    }

    /// The partition's epoch, cached if known.
    func epoch(_ partition: Partition) async throws(InventoryError) -> String {
        if let epoch = knownEpoch(partition) { return epoch }
        let result = await withUnsafeContinuation { continuation in
            epoch(partition) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Reads and caches the partition's epoch, without a task.
    func epoch(_ partition: Partition, then: @escaping (Result<String, InventoryError>) -> Void) {
        state(of: partition) { [self] result in
            do throws(InventoryError) {
                let state = try result.get()
                guard state.isOpen, state.identity == (try identity()) else {
                    throw InventoryError(.recovering, "partition \(partition.number)")
                }
                let epoch = String(state.epoch)
                epochs[Int(partition.number)] = epoch
                firstFormKeys[Int(partition.number)] = state.firstFormKeysUntil ?? 0
                then(.success(epoch))
            } catch {
                then(.failure(error))
            }
        }
    }

    /// Whether keys of claims made in the first form of Redis's data may still be reused: the days' hashes do not
    /// contain them; each has a record of its own.
    ///
    /// - Parameter now: Unix milliseconds; an hour off at most.
    package func hasFirstFormKeys(_ partition: Partition, now: Int64) async throws(InventoryError) -> Bool {
        _ = try await epoch(partition)
        return mayHaveFirstFormKeys(partition, now: now)
    }

    /// `hasFirstFormKeys` without asking Redis: true also while the answer is unknown.
    package func mayHaveFirstFormKeys(_ partition: Partition, now: @autoclosure () -> Int64) -> Bool {
        guard epochs[Int(partition.number)] != nil else { return true }
        let until = firstFormKeys[Int(partition.number)]
        // Most partitions never had any, so the clock is not read.
        return until > 0 && now() < until + Self.clockTolerance
    }

    /// Maximum difference between the callers' clocks and Redis's, milliseconds.
    private static let clockTolerance: Int64 = 3_600_000

    /// Drops the partition's cached epoch, so that the next call reads it again.
    func forgetEpoch(_ partition: Partition) {
        epochs[Int(partition.number)] = nil
    }

    func knownEpoch(_ partition: Partition) -> String? { epochs[Int(partition.number)] }

    /// The contents of a partition's `meta`.
    package struct PartitionState: Sendable {
        /// Raised by every recovery; 0 if Redis has no data of the partition.
        package let epoch: Int64
        /// The epoch that this Redis's data descends from.
        package let lineage: Int64
        /// Whether callers that know epoch and identity may write to it.
        package let isOpen: Bool
        /// The identity of the Redis that the last recovery validated.
        package let identity: String?
        /// Up to where PostgreSQL has the outbox, by Redis's cursor.
        package let cursor: StreamID
        /// The event that a function left half written, and closed, since the last recovery; a recovery repairs it.
        package let brokenEvent: EventID?
        /// Until when keys of the first form are kept, Unix milliseconds; `nil` if there are none.
        package let firstFormKeysUntil: Int64?
    }

    /// The state of a partition that is open under this epoch on the Redis with this identity, in this form of Redis's
    /// data (`lua/lib/partition.lua`). In the first form it was `open`: such a partition is not open for this version,
    /// which recovers it into its own form.
    package static func openState(epoch: String, identity: String) -> String { "open3 \(epoch) \(identity)" }

    /// Whether a partition is open, by these fields of its `meta`.
    package static func isOpen(state: String?, epoch: String?, identity: String?) -> Bool {
        guard let state, let epoch, let identity else { return false }
        return state == openState(epoch: epoch, identity: identity)
    }

    /// Reads a partition's `meta`.
    package func state(of partition: Partition) async throws(InventoryError) -> PartitionState {
        let result = await withUnsafeContinuation { continuation in
            state(of: partition) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Reads a partition's `meta` without a task.
    func state(of partition: Partition, then: @escaping (Result<PartitionState, InventoryError>) -> Void) {
        connection.send(stateCommand(partition)) { result in
            then(result.mapError { InventoryError($0) }.flatMap { Self.state($0) })
        }
    }

    /// The command that reads a partition's state.
    func stateCommand(_ partition: Partition) -> RedisCommand {
        RedisCommand(
            "HMGET", keys.meta(partition), "epoch", "lineage", "state", "identity", "cursor", "broken", "oldkeys")
    }

    /// Parses the reply to that command.
    static func state(_ reply: RedisValue) -> Result<PartitionState, InventoryError> {
        guard let part = reply.array, part.count == 7 else {
            return .failure(InventoryError(.scriptFailed, "HMGET meta"))
        }
        return .success(
            PartitionState(
                epoch: part[0].string.flatMap { Int64($0) } ?? 0, lineage: part[1].string.flatMap { Int64($0) } ?? 0,
                isOpen: isOpen(state: part[2].string, epoch: part[0].string, identity: part[3].string),
                identity: part[3].string,
                cursor: part[4].string.flatMap { StreamID($0) } ?? .zero,
                brokenEvent: part[5].string.flatMap { EventID($0) }, firstFormKeysUntil: part[6].integer))
    }

    // MARK: - Commands and calls

    /// Sends one command.
    package func command(_ arguments: [String]) async throws(InventoryError) -> RedisValue {
        var command = RedisCommand(argumentCount: arguments.count)
        for argument in arguments { command.append(argument) }
        return try await self.command(command)
    }

    /// Sends one command whose arguments need not be text.
    func command(_ command: RedisCommand) async throws(InventoryError) -> RedisValue {
        do {
            return try await connection.send(command)
        } catch {
            throw InventoryError(error)
        }
    }

    /// Sends several commands in one write; each has its own answer, errors included.
    package func pipeline(_ commands: [[String]]) async throws(InventoryError) -> [RedisValue] {
        var values: [RedisValue] = []
        for result in await results(of: commands) { values.append(try result.get()) }
        return values
    }

    /// Sends several commands in one write; each has its own result.
    package func results(of commands: [[String]]) async -> [Result<RedisValue, InventoryError>] {
        await results(of: commands.map { RedisCommand($0) })
    }

    /// Sends several encoded commands in one write; each has its own result.
    func results(of commands: [RedisCommand]) async -> [Result<RedisValue, InventoryError>] {
        guard !commands.isEmpty else { return [] }
        let connection = connection
        return await withUnsafeContinuation { continuation in
            var results: [Result<RedisValue, InventoryError>] = []
            for command in commands {
                connection.send(command) { result in
                    results.append(result.mapError { InventoryError($0) })
                    if results.count == commands.count { continuation.resume(returning: results) }
                }
            }
        }
    }

    /// Runs a function with epoch and identity as its first two arguments. If the cached epoch is stale, it is read
    /// again and the call is retried once; a refusal proves that nothing was done.
    func run(
        _ script: RedisFunction, partition: Partition, keys scriptKeys: [String], arguments: [String]
    ) async throws(InventoryError) -> Reply {
        try await run(script, partition: partition, keys: scriptKeys, bytes: arguments.map { Array($0.utf8) })
    }

    /// Runs a function with arguments that need not be text.
    func run(
        _ script: RedisFunction, partition: Partition, keys scriptKeys: [String], bytes arguments: [[UInt8]]
    ) async throws(InventoryError) -> Reply {
        try await run(script, partition: partition, keys: scriptKeys.map { Array($0.utf8) }, bytes: arguments)
    }

    /// Runs a function with keys that need not be text.
    func run(
        _ script: RedisFunction, partition: Partition, keys scriptKeys: [[UInt8]], bytes arguments: [[UInt8]]
    ) async throws(InventoryError) -> Reply {
        for attempt in 0... {
            let epoch = try await epoch(partition)
            let head = [epoch, Self.openState(epoch: epoch, identity: try identity())].map { Array($0.utf8) }
            let reply = try await evaluate(script, keys: scriptKeys, bytes: head + arguments)
            // The function may have released units; drop the sold-out cache so this process sees them at once.
            soldOut.forgetAll()
            guard reply.word == "STALE" || reply.word == "RECOVERING" else { return reply }
            forgetEpoch(partition)
            if attempt == 1 { break }
        }
        throw InventoryError(.recovering, "partition \(partition.number)")
    }

    /// Runs a function without added arguments.
    func evaluate(
        _ script: RedisFunction, keys scriptKeys: [String], arguments: [String]
    ) async throws(InventoryError) -> Reply {
        try await evaluate(script, keys: scriptKeys, bytes: arguments.map { Array($0.utf8) })
    }

    /// Runs a function without added arguments; the caller's need not be text.
    func evaluate(
        _ script: RedisFunction, keys scriptKeys: [String], bytes arguments: [[UInt8]]
    ) async throws(InventoryError) -> Reply {
        try await evaluate(script, keys: scriptKeys.map { Array($0.utf8) }, bytes: arguments)
    }

    /// Runs a function with exactly these arguments, without epoch and state before them; its keys and arguments need not be text.
    func evaluate(
        _ script: RedisFunction, keys scriptKeys: [[UInt8]], bytes arguments: [[UInt8]]
    ) async throws(InventoryError) -> Reply {
        var call = RedisFunctionCall(script, keyCount: scriptKeys.count, argumentCount: arguments.count)
        for key in scriptKeys { call.append(key) }
        for argument in arguments { call.append(argument) }
        let value: RedisValue
        do {
            value = try await connection.call(call)
        } catch {
            throw InventoryError(error)
        }
        guard let reply = Reply(value) else { throw InventoryError(.scriptFailed, script.name) }
        return reply
    }
}

/// A function's reply: a word, then its parts.
struct Reply {
    let word: String
    let rest: ArraySlice<RedisValue>

    init?(_ value: RedisValue) {
        guard let parts = value.array, let word = parts.first?.string else { return nil }
        self.word = word
        self.rest = parts.dropFirst()
    }

    /// The part at `index` after the word, as text.
    func text(_ index: Int) -> String? {
        rest.count > index ? rest[rest.startIndex + index].string : nil
    }

    /// The part at `index` after the word, as bytes; empty if it has none.
    func bytes(_ index: Int) -> ArraySlice<UInt8> {
        rest.count > index ? rest[rest.startIndex + index].bytes?[...] ?? [] : []
    }

    /// The part at `index` after the word, as a number.
    func integer(_ index: Int) -> Int64? {
        rest.count > index ? rest[rest.startIndex + index].integer : nil
    }
}

extension InventoryError {
    /// Maps an error of the connection.
    init(_ error: RedisError) {
        switch error.code {
        case .notConnected:
            self.init(.unavailable, error.description)
        case .queueFull:
            self.init(.overloaded, error.description)
        case .outcomeUnknown:
            self.init(.outcomeUnknown, error.description)
        case .identityUnknown:
            self.init(.recovering, error.description)
        default:
            // Errors of functions end here too: BROKEN (half-way; the event is closed) and those before a first write.
            switch error.serverError?.kind {
            case .outOfMemory, .misconfigured, .noReplicas: self.init(.overloaded, error.description)
            case .readOnly, .moved, .loading, .masterDown, .noOutbox: self.init(.recovering, error.description)
            case .busy, .clusterDown, .noFunction: self.init(.unavailable, error.description)
            default: self.init(.scriptFailed, error.description)
            }
        }
    }
}

import Cryptography
import Synchronization
import Text

/// Hashes and checks passwords on separate threads. One instance for all loops of a process.
package final class PasswordHasher: Sendable {
    private let workers: Workers
    private let decoy = PasswordHash.decoy()
    private let count = Atomic<Int>(0)

    /// Each hash takes a core for about 25 ms and 19 MiB of memory.
    package static let usualThreads = 2
    /// With two threads the last request in the queue waits for about 0.8 s; further requests are refused.
    package static let usualQueueLimit = 64
    /// The most queued requests of one address, separately for logins and registrations.
    package static let usualLaneLimit = 32

    /// Creates a hasher. Its threads are started on demand.
    ///
    /// - Parameters:
    ///   - threads: the most passwords that are hashed in parallel.
    ///   - queueLimit: the most waiting requests.
    ///   - laneLimit: the most waiting requests of one address.
    package init(
        threads: Int = usualThreads, queueLimit: Int = usualQueueLimit, laneLimit: Int = usualLaneLimit
    ) {
        workers = Workers(threads: threads, queueLimit: queueLimit, laneLimit: laneLimit)
    }

    /// The number of hashes computed since the start.
    package var hashes: Int { count.load(ordering: .relaxed) }

    /// The result of comparing a password with a hash.
    enum Match {
        /// They do not match.
        case no
        /// They match.
        case yes
        /// They match without normalisation: the hash is older than normalisation and should be replaced.
        case asTyped
    }

    /// Hashes a new password in NFC (NIST SP 800-63B, section 5.1.1.2), since keyboards encode characters differently.
    ///
    /// - Parameter kind: determines the queue and lane.
    /// - Throws: `.overloaded`.
    func hash(_ password: String, as kind: PasswordWork) async throws(AccountError) -> String {
        // Two optionals: the outer is `nil` if the queue is full, the inner if memory is exhausted.
        guard let made = await workers.run(as: kind, { [self] in counted { PasswordHash.make(password.normalised) } }),
            let hash = made
        else {
            throw AccountError(.overloaded, retryMilliseconds: 1000)
        }
        return hash
    }

    /// Whether a password matches a hash.
    ///
    /// - Parameters:
    ///   - hash: `nil` if there is no such account; the same work is then done on a decoy.
    ///   - kind: determines the queue and lane.
    /// - Throws: `.overloaded`.
    func matches(_ password: String, _ hash: String?, as kind: PasswordWork) async throws(AccountError) -> Bool {
        try await check(password, hash, as: kind) != .no
    }

    /// Compares a password with a hash: in NFC and, if that differs, as typed.
    ///
    /// - Parameters:
    ///   - hash: `nil` if there is no such account; the same work is then done on a decoy.
    ///   - kind: determines the queue and lane.
    /// - Throws: `.overloaded`.
    func check(_ typed: String, _ hash: String?, as kind: PasswordWork) async throws(AccountError) -> Match {
        // An unsupported hash would be refused at once; the short time would reveal that the account exists.
        let known = hash.flatMap { PasswordHash.isSupported($0) ? $0 : nil }
        let checked = known ?? decoy
        let password = typed.normalised
        let isSpeltOtherwise = !password.isSame(as: typed)
        let match: Match? = await workers.run(as: kind) { [self] in
            if counted({ PasswordHash.matches(password, checked) }) { return .yes }
            guard isSpeltOtherwise else { return .no }
            return counted { PasswordHash.matches(typed, checked) } ? .asTyped : .no
        }
        guard let match else { throw AccountError(.overloaded, retryMilliseconds: 1000) }
        return known == nil ? .no : match
    }

    private func counted<Value>(_ work: () -> Value) -> Value {
        count.add(1, ordering: .relaxed)
        return work()
    }
}

import Cryptography
import Synchronization

/// Hashes and checks passwords on threads of its own; one for all loops of a process.
public final class PasswordHasher: Sendable {
    private let workers: Workers
    private let decoy = PasswordHash.decoy()
    private let count = Atomic<Int>(0)

    /// Each hash takes a core for about 25 ms and 19 MiB of memory.
    public static let usualThreads = 2
    /// With two threads the last in the queue waits for about 0.8 s; later ones are told to come back.
    public static let usualQueueLimit = 64
    /// What one address may have of it, of logins and of registrations each.
    public static let usualLaneLimit = 32

    /// A hasher without threads yet.
    ///
    /// - Parameters:
    ///   - threads: most passwords hashed at a time.
    ///   - queueLimit: most that wait.
    ///   - laneLimit: most of one address among them.
    public init(
        threads: Int = usualThreads, queueLimit: Int = usualQueueLimit, laneLimit: Int = usualLaneLimit
    ) {
        workers = Workers(threads: threads, queueLimit: queueLimit, laneLimit: laneLimit)
    }

    /// How many passwords were hashed or checked, ever.
    public var hashes: Int { count.load(ordering: .relaxed) }

    /// The hash of a new password.
    ///
    /// - Parameter kind: whose turn it takes.
    /// - Throws: `.overloaded`.
    func hash(_ password: String, as kind: PasswordWork) async throws(AccountError) -> String {
        // Two optionals: too much waits, or memory is out.
        guard let made = await workers.run(as: kind, { [self] in counted { PasswordHash.make(password) } }),
            let hash = made
        else {
            throw AccountError(.overloaded, retryMilliseconds: 1000)
        }
        return hash
    }

    /// Whether a hash is of this password.
    ///
    /// - Parameters:
    ///   - hash: nil when there is no such account: the same work is done for nothing.
    ///   - kind: whose turn it takes.
    /// - Throws: `.overloaded`.
    func matches(_ password: String, _ hash: String?, as kind: PasswordWork) async throws(AccountError) -> Bool {
        // A hash that nothing is known of would be refused at once, and tell that the account exists.
        let known = hash.flatMap { PasswordHash.isSupported($0) ? $0 : nil }
        let checked = known ?? decoy
        let matches = await workers.run(as: kind) { [self] in counted { PasswordHash.matches(password, checked) } }
        guard let matches else { throw AccountError(.overloaded, retryMilliseconds: 1000) }
        return matches && known != nil
    }

    private func counted<Value>(_ work: () -> Value) -> Value {
        count.add(1, ordering: .relaxed)
        return work()
    }
}

import Cryptography
import Synchronization
import Text

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

    /// Whether a password is that of a hash.
    enum Match {
        /// It is another.
        case no
        /// It is.
        case yes
        /// It is, in the spelling that it was hashed in before passwords were normalised: the hash is to be replaced.
        case asTyped
    }

    /// The hash of a new password, in NFC (NIST SP 800-63B, section 5.1.1.2): another keyboard spells it another way.
    ///
    /// - Parameter kind: whose turn it takes.
    /// - Throws: `.overloaded`.
    func hash(_ password: String, as kind: PasswordWork) async throws(AccountError) -> String {
        // Two optionals: too much waits, or memory is out.
        guard let made = await workers.run(as: kind, { [self] in counted { PasswordHash.make(password.normalised) } }),
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
        try await check(password, hash, as: kind) != .no
    }

    /// Compares a password with a hash: in NFC, and as it was typed where that is another spelling.
    ///
    /// - Parameters:
    ///   - hash: nil when there is no such account: the same work is done for nothing.
    ///   - kind: whose turn it takes.
    /// - Throws: `.overloaded`.
    func check(_ typed: String, _ hash: String?, as kind: PasswordWork) async throws(AccountError) -> Match {
        // A hash that nothing is known of would be refused at once, and tell that the account exists.
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

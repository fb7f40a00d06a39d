package import BoxOffice
import LuaLibrary
import RedisClient

extension Inventory {
    /// How long a key is kept, milliseconds.
    private static let keyLifetime: Int64 = 86_400_000

    /// Loads the keys of an event's claims, in a recovery.
    ///
    /// - Parameter claims: at most `loadLimit`.
    package func loadKeys(
        _ claims: [StoredClaimKey], event: EventID, epoch: Int64
    ) async throws(InventoryError) -> RecoveryStep {
        precondition(claims.count <= Self.loadLimit, "too many keys in one call")
        guard !claims.isEmpty else { return .done }
        let firstForm = claims.filter(\.isFirstForm)
        let keptUntil = firstForm.map(\.createdAt).max().map { $0 + Self.keyLifetime } ?? 0
        var arguments = [Array(String(epoch).utf8), Self.bytes(claims), Array(String(keptUntil).utf8)]
        for claim in firstForm {
            var digest: [UInt8] = []
            digest.append(claim.key.digest)
            arguments += [
                digest, StoredAnswer.bytes(claim.key.fingerprint, claim.booking, "run|0"),
                Array(String(claim.remainingMilliseconds).utf8),
            ]
        }
        let partition = keys.partition(of: event)
        let reply = try await evaluate(
            functions.loadKeys, keys: [keys.meta(partition), keys.event(event)], bytes: arguments)
        return reply.word == "OK" ? .done : .stale
    }

    /// Concatenated claims, in the form of the header of `lua/load_keys.lua`.
    private static func bytes(_ claims: [StoredClaimKey]) -> [UInt8] {
        var bytes: [UInt8] = []
        for claim in claims {
            bytes.append(word: claim.key.digest.high, width: 8)
            bytes.append(claim.booking.uuid)
            bytes.append(claim.createdAt, width: 6)
            bytes.append(text: claim.user.text, length: 2)
        }
        return bytes
    }
}

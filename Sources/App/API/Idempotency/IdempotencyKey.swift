import BoxOffice
import Cryptography
import HTTP
import JSON
import SeatInventory
import Text

/// The actions that a key can be used for; each has its own way to be completed if the process that ran it died.
enum IdempotentAction: String {
    /// Holds units.
    case claim
    /// Holds units, pays and confirms in one call.
    case book
    /// Pays a hold.
    case pay
    /// Cancels a booking.
    case cancel
    /// Cancels a part of a booking.
    case cancelItems = "cancel-items"
    /// Extends a hold.
    case extend
    /// Takes units or seats off sale.
    case block

    /// Whether the client waits until the change is persisted.
    var isConfirming: Bool { self == .cancel || self == .cancelItems }

    /// Whether the action makes a booking.
    var creates: Bool { self == .claim || self == .book }
    /// Whether the action calls a provider.
    var pays: Bool { self == .book || self == .pay }
}

/// The `Idempotency-Key` of a request (draft-ietf-httpapi-idempotency-key-header-07), which is bound to the request.
struct IdempotencyKey {
    /// 1 to 255 visible ASCII characters.
    let text: String

    /// Reads the header, or the body's member: an RFC 8941 string, or the bare characters. If both are sent, they must
    /// be equal.
    ///
    /// - Throws: 400 `idempotency-key-invalid`.
    init?(_ request: HTTPRequest, alias: String?) throws(Problem) {
        let headers = request.headers("idempotency-key")
        guard headers.count <= 1 else { throw Self.invalid }
        let header = try headers.first.map(Self.read)
        let member = try alias.map(Self.read)
        guard let text = header ?? member else { return nil }
        guard text.isSame(as: member ?? text) else { throw Self.invalid }
        self.text = text
    }

    private static func read(_ raw: String) throws(Problem) -> String {
        let bare = raw.starts(withExactly: "\"") ? try unquoted(raw) : raw
        guard (1...255).contains(bare.utf8.count), bare.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw invalid
        }
        return bare
    }

    private static let invalid = Problem(
        .idempotencyKeyInvalid, "The Idempotency-Key must be 1 to 255 visible ASCII characters, sent once.")

    /// RFC 8941, section 4.2.5.
    private static func unquoted(_ raw: String) throws(Problem) -> String {
        guard raw.count >= 2, raw.ends(withExactly: "\"") else { throw invalid }
        var text = ""
        var isEscaped = false
        for character in raw.dropFirst().dropLast() {
            if isEscaped {
                guard character == "\"" || character == "\\" else { throw invalid }
                text.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                guard character != "\"" else { throw invalid }
                text.append(character)
            }
        }
        guard !isEscaped else { throw invalid }
        return text
    }

    /// How long a request may run before a retry completes it from the booking's state.
    private static let patienceMilliseconds: Int64 = 10_000

    /// The key in its scope, with the request's fingerprint.
    ///
    /// - Parameters:
    ///   - target: the event or booking in the request's path or body.
    ///   - detail: further parameters of the path.
    ///   - secret: keys the fingerprint, so that it reveals nothing about a card number.
    func bound(
        user: UserID, target: UUIDBytes, action: IdempotentAction, detail: String = "", body: RequestBody,
        secret: HMACKey
    ) -> IdempotentRequest {
        let request = Array("\(action.rawValue):\(detail)\0".utf8) + body.canonical
        return IdempotentRequest(
            digest: Digest128(Self.digest(user, target, Array(text.utf8)[...])),
            fingerprint: Digest128(secret.shortCode(of: request)),
            patienceMilliseconds: Self.patienceMilliseconds)
    }

    /// The key's characters if the header has them bare and once; empty without a header, `nil` if `init` must parse
    /// it.
    static func plain(_ request: HTTPRequest) -> ArraySlice<UInt8>? {
        guard let key = request.headerBytes("idempotency-key") else { return [] }
        guard (1...255).contains(key.count), key.first != UInt8(ascii: "\""), !request.repeats("idempotency-key") else {
            return nil
        }
        return key.allSatisfy { $0 > 0x20 && $0 < 0x7f } ? key : nil
    }

    /// A key with a known digest, with the request's fingerprint.
    ///
    /// - Parameter body: appends the request's body in canonical form.
    static func bound(
        _ digest: Digest128, action: IdempotentAction, secret: HMACKey, body: (inout [UInt8]) -> Void
    ) -> IdempotentRequest {
        var request = Array("\(action.rawValue):\0".utf8)
        body(&request)
        return IdempotentRequest(
            digest: digest, fingerprint: Digest128(secret.shortCode(of: request)),
            patienceMilliseconds: patienceMilliseconds)
    }

    /// The digest of a key in its scope: it differs from that of another user's key, and of the same key on another
    /// target.
    ///
    /// - Parameters:
    ///   - target: the event or booking in the request's path or body.
    ///   - key: the key's characters.
    static func digest(_ user: UserID, _ target: UUIDBytes, _ key: ArraySlice<UInt8>) -> ShortDigest {
        var text = user.text
        return text.withUTF8 { user in
            key.withUnsafeBytes { key in
                let count = user.count + separator.utf8CodeUnitCount + HexText.uuidLength + 1 + key.count
                // On the stack, since every claim computes it.
                return withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { scope in
                    var end = 0
                    func append(_ bytes: UnsafeRawBufferPointer) {
                        UnsafeMutableRawBufferPointer(rebasing: scope[end...]).copyMemory(from: bytes)
                        end += bytes.count
                    }
                    append(UnsafeRawBufferPointer(user))
                    separator.withUTF8Buffer { append(UnsafeRawBufferPointer($0)) }
                    HexText(high: target.high, low: target.low)
                        .writeUUID(to: UnsafeMutableRawBufferPointer(rebasing: scope[end...]))
                    end += HexText.uuidLength
                    scope[end] = 0
                    end += 1
                    append(key)
                    return ShortDigest(of: UnsafeRawBufferPointer(scope))
                }
            }
        }
    }

    private static let separator: StaticString = "\0POST\0"
}

extension Digest128 {
    init(_ digest: ShortDigest) { self.init(high: digest.high, low: digest.low) }
}

extension RequestBody {
    /// The body's alias of the header; `IdempotencyKey` validates it.
    mutating func idempotencyKey() -> String? { text("idempotencyKey", 0...Int.max) }

    /// The body in canonical form, without the key's alias: equal for requests that differ only in spelling.
    ///
    /// Members are sorted, null members are left out, whole numbers have no fraction, ids are in lower case, and a card
    /// number has no spaces. The event is left out: the key's scope has its id, whether the client sent its id or its
    /// number.
    var canonical: [UInt8] {
        var json = JSONWriter()
        Self.write(
            .object(sentMembers.filter { !$0.name.isSame(as: "idempotencyKey") && !$0.name.isSame(as: "eventId") }), "",
            to: &json)
        return json.bytes
    }

    /// - Parameter name: the member that has the value.
    private static func write(_ value: JSONValue, _ name: String, to json: inout JSONWriter) {
        switch value {
        case .null: json.null()
        case .bool(let flag): json.bool(flag)
        case .integer(let number): json.integer(number)
        case .number(let text):
            if let number = value.wholeNumber { json.integer(number) } else { json.raw(Array(text.utf8)) }
        case .string(let text):
            switch name {
            case "tierId", "seatIds": json.string(text.lowercased())
            case "cardNumber": json.string(text.replacing(" ", with: ""))
            default: json.string(text)
            }
        case .array(let elements):
            json.beginArray()
            for element in elements { write(element, name, to: &json) }
            json.endArray()
        case .object(let members):
            json.beginObject()
            for member in members.sorted(by: { $0.name.precedes($1.name) }) {
                if case .null = member.value { continue }
                json.key(text: member.name)
                write(member.value, member.name, to: &json)
            }
            json.endObject()
        }
    }
}

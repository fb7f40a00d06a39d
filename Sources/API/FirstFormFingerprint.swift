import Booking
import Cryptography
import HTTPServer
import Inventory
import JSON
import Text

/// What requests' fingerprints were in the first form of what Redis held: a key that was used then, and is used again
/// within a day after the upgrade, is told what it was told. To be removed a version later.
struct FirstFormFingerprint {
    let action: IdempotentAction
    var detail = ""
    let body: RequestBody
    let secret: HMACKey

    /// The fingerprint.
    var digest: Digest128 {
        Digest128(secret.shortCode(of: Array("\(action.rawValue):\(detail)\0".utf8) + Self.canonical(body)))
    }

    /// The body with its members in order and without the key's alias; nothing in it was normalised, and the event was
    /// part of it.
    private static func canonical(_ body: RequestBody) -> [UInt8] {
        var json = JSONWriter()
        write(.object(body.sentMembers.filter { !$0.name.isSame(as: "idempotencyKey") }), to: &json)
        return json.bytes
    }

    private static func write(_ value: JSONValue, to json: inout JSONWriter) {
        switch value {
        case .null: json.null()
        case .bool(let flag): json.bool(flag)
        case .integer(let number): json.integer(number)
        case .number(let text): json.raw(Array(text.utf8))
        case .string(let text): json.string(text)
        case .array(let elements):
            json.beginArray()
            for element in elements { write(element, to: &json) }
            json.endArray()
        case .object(let members):
            json.beginObject()
            for member in members.sorted(by: { $0.name.precedes($1.name) }) {
                json.key(text: member.name)
                write(member.value, to: &json)
            }
            json.endObject()
        }
    }
}

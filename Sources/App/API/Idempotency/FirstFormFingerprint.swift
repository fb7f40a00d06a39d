import BoxOffice
import Cryptography
import HTTP
import JSON
import SeatInventory
import Text

/// Fingerprints as the first storage format in Redis computed them, so that a key used before an upgrade and reused
/// within a day after it gets the same answer. Remove one version later.
struct FirstFormFingerprint {
    let action: IdempotentAction
    var detail = ""
    let body: RequestBody
    let secret: HMACKey

    /// The fingerprint.
    var digest: Digest128 {
        Digest128(secret.shortCode(of: Array("\(action.rawValue):\(detail)\0".utf8) + Self.canonical(body)))
    }

    /// The body with sorted members and without the key's alias. Values are not normalised, and the event is included.
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

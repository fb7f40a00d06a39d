import BoxOffice
import HTTPClient
import JSON
import Text

/// The members of a provider's response.
struct ProviderFields {
    private let members: [(name: String, value: JSONValue)]

    /// Parses an object; `nil` for anything else.
    init?(_ body: [UInt8]) {
        guard let value = try? JSONReader.read(body), case .object(let members) = value else { return nil }
        self.members = members
    }

    func text(_ name: String) -> String? {
        guard case .string(let text)? = members.first(where: { $0.name.isSame(as: name) })?.value else { return nil }
        return text
    }

    func integer(_ name: String) -> Int64? {
        guard case .integer(let number)? = members.first(where: { $0.name.isSame(as: name) })?.value else { return nil }
        return number
    }

    /// The reason of a decline or refusal, restricted to characters that are safe to store and show.
    var code: String {
        let given = text("code") ?? ""
        let isWord = given.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return isWord && (1...64).contains(given.utf8.count) ? given : "generic_decline"
    }
}

/// A provider's response about one charge.
struct ProviderCharge {
    enum Outcome {
        case succeeded(transactionID: String)
        case declined(code: String)
        case pending
    }
    let outcome: Outcome
    let amount: Int64
    let currency: String

    /// Parses a response; `nil` unless it is complete and about the charge of `key`.
    init?(_ answer: WebAnswer, key: PaymentID) {
        guard answer.status == 200 || answer.status == 202, let fields = ProviderFields(answer.body),
            fields.text("key")?.isSame(as: key.description) == true, let amount = fields.integer("amount"),
            let currency = fields.text("currency")
        else { return nil }
        switch fields.text("status") {
        case "succeeded":
            guard let transaction = fields.text("transactionId"), Self.isName(transaction) else { return nil }
            outcome = .succeeded(transactionID: transaction)
        case "declined": outcome = .declined(code: fields.code)
        case "pending": outcome = .pending
        default: return nil
        }
        self.amount = amount
        self.currency = currency
    }

    /// 1 to 255 visible ASCII characters.
    private static func isName(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }
}

import BoxOffice
import JSON
import Text

/// The body of `POST /charges`.
struct ChargeOrder {
    let key: PaymentID
    let booking: UUIDBytes
    let amount: Int64
    let currency: String
    let means: TestMeans

    init?(_ body: [UInt8]) {
        let members = Members(body, of: ["key", "bookingId", "amount", "currency", "card", "token"])
        guard let members, let key = members.text("key").flatMap({ PaymentID($0) }),
            let booking = members.text("bookingId").flatMap({ UUIDBytes($0) }), let amount = members.integer("amount"),
            amount > 0, amount < .max, let currency = members.text("currency"), isCurrency(currency)
        else { return nil }
        switch (members.text("card"), members.text("token")) {
        case (let card?, nil): means = TestMeans(card: card)
        case (nil, let token?): means = TestMeans(token: token)
        default: return nil
        }
        self.key = key
        self.booking = booking
        self.amount = amount
        self.currency = currency
    }
}

/// The body of `POST /refunds`.
struct RefundOrder {
    let key: PaymentID
    let transactionID: String
    let to: Int64
    let currency: String

    init?(_ body: [UInt8]) {
        let members = Members(body, of: ["key", "transactionId", "from", "to", "currency"])
        guard let members, let key = members.text("key").flatMap({ PaymentID($0) }),
            let transaction = members.text("transactionId"), let from = members.integer("from"), from >= 0,
            let to = members.integer("to"), to > from, let currency = members.text("currency"), isCurrency(currency)
        else { return nil }
        self.key = key
        transactionID = transaction
        self.to = to
        self.currency = currency
    }
}

/// The outcome that a test card or token stands for. The card number itself is not stored.
enum TestMeans: Equatable {
    case succeeds
    case declines(String)
    /// Pending at first, charged later.
    case later
    /// Charges the money, but fails to respond.
    case breaks

    init(card: String) {
        switch card {
        case "4242424242424242": self = .succeeds
        case "4000000000009995": self = .declines("insufficient_funds")
        case "4000000000000077": self = .later
        case "4000000000000119": self = .breaks
        default: self = .declines("generic_decline")
        }
    }

    init(token: String) {
        switch token {
        case "tok_succeeds": self = .succeeds
        case "tok_insufficient_funds": self = .declines("insufficient_funds")
        case "tok_later": self = .later
        case "tok_breaks": self = .breaks
        default: self = .declines("generic_decline")
        }
    }
}

/// The members of a body; unknown names are rejected.
struct Members {
    private let members: [(name: String, value: JSONValue)]

    init?(_ body: [UInt8], of names: Set<ExactText>) {
        guard let value = try? JSONReader.read(body), case .object(let members) = value,
            members.allSatisfy({ names.contains(ExactText($0.name)) })
        else { return nil }
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
}

private func isCurrency(_ text: String) -> Bool {
    text.utf8.count == 3 && text.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
}

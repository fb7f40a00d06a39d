import JSON
import Payments

/// The body of a payment as nearly all clients send it: `cardNumber` of digits alone, or `token`, and the card's other
/// members, in any order. Any other body, valid or not, is left to `PaymentMeansBody`, which implements the whole
/// contract and reports errors.
struct QuickPayment {
    /// The means of payment.
    let means: PaymentMeans
    private let isCard: Bool
    private let code: String?
    private let month: Int?
    private let year: Int?

    /// Parses a body; `nil` if `PaymentMeansBody` must parse it.
    init?(_ bytes: ArraySlice<UInt8>) {
        let found = bytes.withUnsafeBufferPointer { bytes in
            var reader = QuickReader(bytes)
            return reader.payment()
        }
        guard let found else { return nil }
        self = found
    }

    fileprivate init?(card: String?, token: String?, code: String?, month: Int?, year: Int?) {
        guard let secret = card ?? token, card == nil || token == nil else { return nil }
        means = PaymentMeans(secret: secret)
        isCard = card != nil
        (self.code, self.month, self.year) = (code, month, year)
    }

    /// Appends the body in canonical form, byte for byte as `RequestBody.canonical` writes it.
    func appendCanonical(to bytes: inout [UInt8]) {
        var json = JSONWriter(capacity: 128)
        json.beginObject()
        if isCard { json.member("cardNumber", means.secret) }
        if let code { json.member("cvc", code) }
        if let month { json.member("expMonth", Int64(month)) }
        if let year { json.member("expYear", Int64(year)) }
        if !isCard { json.member("token", means.secret) }
        json.endObject()
        bytes.append(contentsOf: json.bytes)
    }
}

extension QuickReader {
    fileprivate mutating func payment() -> QuickPayment? {
        guard take("{") else { return nil }
        var (card, token, code): (String?, String?, String?)
        var (month, year): (Int?, Int?)
        repeat {
            skipBlanks()
            if card == nil, take(name: "cardNumber") {
                guard let digits = self.digits(12...19) else { return nil }
                card = String(decoding: digits, as: UTF8.self)
            } else if token == nil, take(name: "token") {
                guard let text = plainText(1...255) else { return nil }
                token = String(decoding: text, as: UTF8.self)
            } else if code == nil, take(name: "cvc") {
                guard let digits = self.digits(3...4) else { return nil }
                code = String(decoding: digits, as: UTF8.self)
            } else if month == nil, take(name: "expMonth") {
                guard let number = self.number(1...12) else { return nil }
                month = number
            } else if year == nil, take(name: "expYear") {
                guard let number = self.number(0...9999) else { return nil }
                year = number
            } else {
                return nil
            }
        } while take(",")
        guard take("}"), isAtEnd else { return nil }
        return QuickPayment(card: card, token: token, code: code, month: month, year: year)
    }
}

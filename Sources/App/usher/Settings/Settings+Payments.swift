import Loops
import Payments
import SeatInventory
import Settlement

/// Settings of payments.
extension Settings {
    /// A factory of a loop's gateway to the provider.
    func gateway() throws -> @Sendable (EventLoop, Inventory) -> any PaymentGateway {
        if let url = try paymentProvider() { return { loop, _ in HTTPGateway(loop: loop, url: url) } }
        let behaviour = try simulation()
        return { loop, inventory in SimulatedGateway(loop: loop, inventory: inventory, behaviour: behaviour) }
    }

    /// Whether a text is an address that may be passed to libcurl: `http` or `https`, a host, no query.
    static func isWebAddress(_ text: String) -> Bool {
        let rest = text.hasPrefix("https://") ? text.dropFirst(8) : text.hasPrefix("http://") ? text.dropFirst(7) : ""
        return rest.first.map { $0 != "/" } ?? false && rest.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            && !rest.contains { "?#".contains($0) }
    }

    /// The address of the payment provider, without a trailing slash; `nil` for the simulated one. The address may
    /// contain credentials, so no message quotes it.
    func paymentProvider() throws -> String? {
        guard var url = text("USHER_PAYMENT_GATEWAY") else {
            throw Failure(
                "USHER_PAYMENT_GATEWAY is missing. Set it to the address of your payment provider, or to “simulated” "
                    + "to charge no money.")
        }
        guard url != "simulated" else { return nil }
        while url.hasSuffix("/") { url.removeLast() }
        guard Self.isWebAddress(url) else {
            throw Failure("USHER_PAYMENT_GATEWAY must be “simulated” or an http or https address.")
        }
        return url
    }

    /// Whether the drop-in routes issue paid tickets without a payment.
    func allowsUnpaidTickets() throws -> Bool { try flag("USHER_DROP_IN_UNPAID") }

    /// Warnings about settings that issue tickets without charging money, each with its remedy. Logged at start-up and
    /// reported by `usher doctor`.
    func paymentWarnings() throws -> [(sentence: StaticString, remedy: String)] {
        var warnings: [(sentence: StaticString, remedy: String)] = []
        if try paymentProvider() == nil {
            warnings.append(
                (
                    "No money is charged: the payment provider is the simulated one, which accepts test cards.",
                    "Set USHER_PAYMENT_GATEWAY to the address of your payment provider before you sell."
                ))
        }
        if try allowsUnpaidTickets() {
            warnings.append(
                (
                    "POST /api/bookings and /api/bookings/reserve issue paid tickets without a payment.",
                    "Set USHER_DROP_IN_UNPAID to 0 unless the clients of these routes charge the money themselves."
                ))
        }
        return warnings
    }

    /// The behaviour of the simulated provider.
    private func simulation() throws -> SimulatedGateway.Behaviour {
        var behaviour = SimulatedGateway.Behaviour()
        behaviour.delay = .milliseconds(try integer("USHER_PAYMENT_DELAY_MS", 0...60000, usual: 0))
        behaviour.callback =
            text("USHER_SIM_CALLBACK_MS") == "off"
            ? nil : .milliseconds(try integer("USHER_SIM_CALLBACK_MS", 0...3_600_000, usual: 1000))
        return behaviour
    }

    /// Signs and verifies callbacks; `nil` without a secret.
    func webhookSignature() throws -> WebhookSignature? {
        guard let secrets = text("USHER_WEBHOOK_SECRETS") else { return nil }
        guard let signature = WebhookSignature(secrets: secrets.split(separator: ",").map(String.init)) else {
            throw Failure("USHER_WEBHOOK_SECRETS must be secrets (whsec_ followed by base64), separated by commas.")
        }
        return signature
    }
}

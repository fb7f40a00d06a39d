import EventLoop
import Inventory
import Payments
import Settlement

/// Who takes the money.
extension Settings {
    /// Makes a loop's connection to the provider.
    func gateway() throws -> @Sendable (EventLoop, Inventory) -> any PaymentGateway {
        if let url = try paymentProvider() { return { loop, _ in HTTPGateway(loop: loop, url: url) } }
        let behaviour = try simulation()
        return { loop, inventory in SimulatedGateway(loop: loop, inventory: inventory, behaviour: behaviour) }
    }

    /// Whether a text is an address that libcurl may be given: `http` or `https`, a host, no query.
    static func isWebAddress(_ text: String) -> Bool {
        let rest = text.hasPrefix("https://") ? text.dropFirst(8) : text.hasPrefix("http://") ? text.dropFirst(7) : ""
        return rest.first.map { $0 != "/" } ?? false && rest.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            && !rest.contains { "?#".contains($0) }
    }

    /// The address of the payment provider, without a slash at its end; `nil` for the simulated one. It may hold
    /// credentials: no message quotes it.
    func paymentProvider() throws -> String? {
        guard var url = text("USHER_PAYMENT_GATEWAY") else {
            throw Failure(
                "USHER_PAYMENT_GATEWAY is missing. Set it to the address of your payment provider, or to “simulated” if no "
                    + "money is to be taken.")
        }
        guard url != "simulated" else { return nil }
        while url.hasSuffix("/") { url.removeLast() }
        guard Self.isWebAddress(url) else {
            throw Failure("USHER_PAYMENT_GATEWAY must be “simulated” or an http or https address.")
        }
        return url
    }

    /// Whether the drop-in routes give away tickets that cost something.
    func givesTicketsAway() throws -> Bool { try flag("USHER_DROP_IN_UNPAID") }

    /// By which settings tickets are had for nothing, each with what ends it: said at the start and by `usher doctor`.
    func moneyWarnings() throws -> [(sentence: StaticString, remedy: String)] {
        var warnings: [(sentence: StaticString, remedy: String)] = []
        if try paymentProvider() == nil {
            warnings.append(
                (
                    "No money is taken: the payment provider is the simulated one, which accepts test cards.",
                    "Set USHER_PAYMENT_GATEWAY to the address of your payment provider before you sell."
                ))
        }
        if try givesTicketsAway() {
            warnings.append(
                (
                    "POST /api/bookings and /api/bookings/reserve give away tickets that cost something.",
                    "Set USHER_DROP_IN_UNPAID to 0 unless the clients of these routes take the money themselves."
                ))
        }
        return warnings
    }

    /// How the simulated provider behaves.
    private func simulation() throws -> SimulatedGateway.Behaviour {
        var behaviour = SimulatedGateway.Behaviour()
        behaviour.delay = .milliseconds(try integer("USHER_PAYMENT_DELAY_MS", 0...60000, usual: 0))
        behaviour.callback =
            text("USHER_SIM_CALLBACK_MS") == "off"
            ? nil : .milliseconds(try integer("USHER_SIM_CALLBACK_MS", 0...3_600_000, usual: 1000))
        return behaviour
    }

    /// By which callbacks are signed and known; `nil` without a secret.
    func webhookSignature() throws -> WebhookSignature? {
        guard let secrets = text("USHER_WEBHOOK_SECRETS") else { return nil }
        guard let signature = WebhookSignature(secrets: secrets.split(separator: ",").map(String.init)) else {
            throw Failure("USHER_WEBHOOK_SECRETS must be secrets of whsec_ and base64, separated by commas.")
        }
        return signature
    }
}

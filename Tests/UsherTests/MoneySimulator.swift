import Foundation
import Glibc
import Support
import Synchronization

/// Customers who book, pay and cancel at random while the provider misbehaves and copies are killed. Checks invariants
/// about money during the run and afterwards.
final class MoneySimulator: Sendable {
    /// The actions of one customer, determined by the seed.
    private struct Plan {
        let quantity: Int
        let isOneShot: Bool
        let card: String
        let secondCard: String?
        let paysDirectly: Bool
        let paysTwice: Bool
        let cancels: Bool
        let cancelsPart: Bool
        let directKey: String
    }

    /// Records of the run.
    private struct Journal {
        var bookings: Set<String> = []
        var faults: Set<String> = []
        var answers: [String: Int] = [:]
    }

    private let world: MoneyWorld
    private let plans: [Plan]
    private let victims: [String]
    private let tokens: [String]
    private let event: (id: String, tier: String)
    private let next = Atomic<Int>(0)
    private let isOver = Atomic(false)
    private let journal = Mutex(Journal())
    private static let price = 1000
    private static let threads = 12

    init(_ world: MoneyWorld, seed: UInt64, bookings: Int) throws {
        self.world = world
        var random = SeededGenerator(seed: seed)
        plans = (0..<bookings).map { _ in Self.plan(&random) }
        victims = (0..<1000).map { _ in ["serve-0", "reconcile", "serve-1"].randomElement(using: &random) ?? "" }
        tokens = try (0..<Self.threads).map { try world.cluster.token("user-\($0)") }
        // Too few units for all customers, so that released units are claimed again.
        event = try world.cluster.makeEvent(capacity: bookings * 3 / 2, holdSeconds: 3)
    }

    private static func plan(_ random: inout SeededGenerator) -> Plan {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        func card() -> String {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<60: "4242424242424242"
            case 60..<70: "4000000000000002"
            case 70..<85: "4000000000000077"
            default: "4000000000000119"
            }
        }
        let direct = chance(8)
        return Plan(
            quantity: Int.random(in: 1...3, using: &random), isOneShot: !direct && chance(50), card: card(),
            secondCard: chance(50) ? card() : nil, paysDirectly: direct, paysTwice: chance(15), cancels: chance(20),
            cancelsPart: chance(15), directKey: UUID.random(&random))
    }

    /// Runs everything and waits until all payments are settled.
    ///
    /// - Returns: the violations; empty if there are none.
    func run() async throws -> [String] {
        let customers = RunningThreads(Self.threads) { [self] in serve($0) }
        let killer = RunningThreads(1) { [self] _ in kill() }
        let auditor = RunningThreads(1) { [self] _ in audit() }
        await customers.join()
        isOver.store(true, ordering: .sequentiallyConsistent)
        await killer.join()
        try world.behave()
        try world.cluster.waitUntilReady()
        var open: [String] = []
        try? eventually("all payments are settled", within: .seconds(30)) {
            open = try MoneyAudit(world, event).open()
            return open.isEmpty || hasFaults
        }
        await auditor.join()
        print("answers: \(journal.withLock { $0.answers }), \(journal.withLock { $0.bookings.count }) bookings")
        return journal.withLock { $0.faults.sorted() } + open.prefix(5)
    }

    private var hasFaults: Bool { journal.withLock { !$0.faults.isEmpty } }

    // MARK: - Customers

    private func serve(_ thread: Int) {
        let clients = world.cluster.ports.map { HTTPClient(port: $0) }
        while !hasFaults {
            let number = next.add(1, ordering: .relaxed).oldValue
            guard number < plans.count else { return }
            live(plans[number], number, clients[number % clients.count], bearer(tokens[thread]))
        }
    }

    private func live(_ plan: Plan, _ number: Int, _ client: HTTPClient, _ headers: [(String, String)]) {
        let items = "\"items\":[{\"tierId\":\"\(event.tier)\",\"quantity\":\(plan.quantity)}]"
        let payment = plan.isOneShot ? ",\"payment\":{\"cardNumber\":\"\(plan.card)\"}" : ""
        let body = "{\"eventId\":\"\(event.id)\",\(items)\(payment)}"
        guard let booked = ask(client, "POST", "/v1/bookings", headers + [("Idempotency-Key", "n\(number)")], body)
        else { return }
        journal.withLock { _ = $0.bookings.insert(booked) }
        if plan.paysDirectly {
            world.payDirectly(plan.directKey, booked, plan.quantity * Self.price)
        } else if !plan.isOneShot {
            pay(booked, plan.card, client, headers)
            if plan.paysTwice { pay(booked, plan.card, HTTPClient(port: world.cluster.ports[0]), headers) }
            if let card = plan.secondCard { pay(booked, card, client, headers) }
        }
        if plan.cancelsPart {
            _ = ask(
                client, "POST", "/v1/bookings/\(booked)/items/\(event.tier)/cancel", headers, "{\"quantity\":1}")
        }
        if plan.cancels { _ = ask(client, "DELETE", "/v1/bookings/\(booked)", headers, nil) }
    }

    private func pay(_ booking: String, _ card: String, _ client: HTTPClient, _ headers: [(String, String)]) {
        _ = ask(client, "POST", "/v1/bookings/\(booking)/payments", headers, "{\"cardNumber\":\"\(card)\"}")
    }

    /// - Returns: the booking's id, if the response has one.
    private func ask(
        _ client: HTTPClient, _ method: String, _ path: String, _ headers: [(String, String)], _ body: String?
    ) -> String? {
        guard let answer = try? client.send(method, path, headers: headers, body: body) else {
            journal.withLock { $0.answers["lost", default: 0] += 1 }
            usleep(50_000)
            return nil
        }
        let word = "\(answer.status) \(answer.json["code"] ?? "")"
        journal.withLock { $0.answers[word, default: 0] += 1 }
        return answer.status < 300 ? answer.json["id"] as? String : nil
    }

    // MARK: - Faults and checks

    /// Kills a copy with SIGKILL every 1.2 seconds, and starts it again.
    private func kill() {
        var round = 0
        while !isOver.load(ordering: .sequentiallyConsistent) {
            usleep(1_200_000)
            let victim = victims[round % victims.count]
            round += 1
            world.cluster.kill(victim)
            switch victim {
            case "serve-0": try? world.cluster.startServer(0)
            case "serve-1": try? world.cluster.startServer(1)
            default: try? world.cluster.startReconciler("reconcile")
            }
        }
    }

    /// Checks continuously for violations of invariants that hold at any moment.
    private func audit() {
        while !isOver.load(ordering: .sequentiallyConsistent), !hasFaults {
            guard let faults = try? MoneyAudit(world, event).faults(), !faults.isEmpty else { continue }
            journal.withLock { $0.faults.formUnion(faults.prefix(3)) }
        }
        if let faults = try? MoneyAudit(world, event).faults() { journal.withLock { $0.faults.formUnion(faults) } }
    }
}

extension UUID {
    fileprivate static func random(_ random: inout SeededGenerator) -> String {
        let (high, low) = (random.next(), random.next())
        let digits = Array(String(high | 1 << 63, radix: 16) + String(low | 1 << 63, radix: 16))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }
}

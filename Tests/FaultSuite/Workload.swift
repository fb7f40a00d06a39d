import Foundation
import Glibc
import Support
import Synchronization

/// Customers who book, pay, extend, cancel and retry at both copies of the API until they are stopped.
final class Workload: Sendable {
    private let world: World
    private let venue: Venue
    private let tokens: [String]
    private let journal: Journal
    private let seed: UInt64
    private let isOver = Atomic(false)

    static let threads = 5
    /// Between two customers of a thread: the suite tests correctness, not speed.
    private static let pause: UInt32 = 10_000

    init(_ world: World, _ venue: Venue, tokens: [String], journal: Journal, seed: UInt64) {
        self.world = world
        self.venue = venue
        self.tokens = tokens
        self.journal = journal
        self.seed = seed
    }

    /// Starts the threads; the last one only claims what is sold out.
    func start() -> RunningThreads {
        RunningThreads(Self.threads + 1) { [self] thread in
            let customer = Customer(world, venue, journal, token: tokens[thread % tokens.count], user: thread)
            var dice = SeededGenerator(seed: seed &+ UInt64(thread) &* 7919)
            while !isOver.load(ordering: .relaxed) {
                if thread == Self.threads { customer.askForSoldOut(&dice) } else { customer.live(&dice) }
                usleep(Self.pause)
            }
        }
    }

    func stop() { isOver.store(true, ordering: .relaxed) }
}

/// Simulates one customer after the other, on one thread.
private final class Customer {
    private let venue: Venue
    private let journal: Journal
    private let headers: [(String, String)]
    private let clients: [HTTPClient]
    private let user: Int
    private var count = 0

    init(_ world: World, _ venue: Venue, _ journal: Journal, token: String, user: Int) {
        self.venue = venue
        self.journal = journal
        self.user = user
        headers = bearer(token)
        clients = World.servers.map { world.customer(of: $0) }
    }

    func live(_ dice: inout SeededGenerator) {
        count += 1
        let first = Int.random(in: 0...1, using: &dice)
        let isOneShot = Bool.random(using: &dice)
        let card = Card.any(&dice)
        let event = [venue.wide, venue.wide, venue.scarce, venue.hall].randomElement(using: &dice) ?? venue.wide
        let body = claim(event, isOneShot ? card : nil, &dice)
        let other = chance(5, &dice) ? event.claim(quantity: 3) : nil
        guard let booked = book(body, first, isTwice: chance(20, &dice), other: other) else { return }
        let client = clients[Int.random(in: 0...1, using: &dice)]
        if chance(20, &dice) { read(client, booked) }
        if !isOneShot {
            if chance(10, &dice) { ask(.extend, client, "POST", "/v1/bookings/\(booked)/extend", "{}") }
            if chance(15, &dice) { return }
            ask(.pay, client, "POST", "/v1/bookings/\(booked)/payments", card.body)
        }
        if chance(15, &dice) {
            journal.willCancel(booked)
            ask(.cancel, client, "DELETE", "/v1/bookings/\(booked)", nil)
        }
        if chance(30, &dice) { read(clients[Int.random(in: 0...1, using: &dice)], booked) }
    }

    func askForSoldOut(_ dice: inout SeededGenerator) {
        let client = clients[Int.random(in: 0...1, using: &dice)]
        ask(.soldOut, client, "POST", "/v1/bookings", venue.soldOut.claim(quantity: 1))
    }

    private func chance(_ percent: Int, _ dice: inout SeededGenerator) -> Bool {
        Int.random(in: 0..<100, using: &dice) < percent
    }

    private func claim(_ event: Venue.Event, _ card: Card?, _ dice: inout SeededGenerator) -> String {
        guard !event.seats.isEmpty else {
            return event.claim(quantity: Int.random(in: 1...2, using: &dice), card: card)
        }
        if Bool.random(using: &dice) { return event.claim(best: Int.random(in: 1...2, using: &dice), card: card) }
        let seats = (0..<Int.random(in: 1...2, using: &dice)).compactMap { _ in event.seats.randomElement(using: &dice)
        }
        return event.claim(seats: seats, card: card)
    }

    /// Claims with a key, at both copies at once, or at the other copy after a lost answer. May then reuse the key with
    /// another body.
    private func book(_ body: String, _ first: Int, isTwice: Bool, other: String?) -> String? {
        let key = "k\(count)"
        var booked: String?
        if isTwice {
            let asked = monotonicNanoseconds()
            for client in clients { try? client.write("POST", "/v1/bookings", headers: keyed(key), body: body) }
            for client in clients {
                let answer = try? client.readAnswer()
                if answer == nil { client.disconnect() }
                booked = note(.claim, answer, asked: asked, key: key)?.id ?? booked
            }
        } else {
            for attempt in 0..<3 where booked == nil {
                let asked = monotonicNanoseconds()
                let answer = try? clients[(first + attempt) % 2].send(
                    "POST", "/v1/bookings", headers: keyed(key), body: body)
                booked = note(.claim, answer, asked: asked, key: key)?.id
                if let status = answer?.status, status < 500 { break }
            }
        }
        if let other, booked != nil {
            let asked = monotonicNanoseconds()
            let answer = try? clients[first].send("POST", "/v1/bookings", headers: keyed(key), body: other)
            _ = note(.claim, answer, asked: asked, key: key, isOther: true)
        }
        return booked
    }

    private func keyed(_ key: String) -> [(String, String)] { headers + [("Idempotency-Key", key)] }

    private func read(_ client: HTTPClient, _ booking: String) {
        ask(.read, client, "GET", "/v1/bookings/\(booking)", nil)
    }

    private func ask(_ action: Journal.Action, _ client: HTTPClient, _ method: String, _ path: String, _ body: String?)
    {
        let asked = monotonicNanoseconds()
        _ = note(action, try? client.send(method, path, headers: headers, body: body), asked: asked)
    }

    private func note(
        _ action: Journal.Action, _ answer: HTTPClient.Answer?, asked: Int64, key: String = "", isOther: Bool = false
    ) -> Journal.Told? {
        guard let answer else {
            journal.lose()
            usleep(20_000)
            return nil
        }
        let entry = Journal.Entry(
            action, answer, asked: asked, key: key.isEmpty ? "" : "\(user) \(key)", isOther: isOther)
        journal.note(entry)
        return isOther ? nil : entry.booking
    }
}

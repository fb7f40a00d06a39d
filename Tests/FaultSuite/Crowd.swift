import Foundation
import Glibc
import Support
import Synchronization

/// Clients that claim and do not pay, as fast as they get answers or at a fixed rate, plus periodic samples of every
/// process.
final class Crowd: Sendable {
    /// Resource usage of one process at one moment.
    struct Sample: Sendable {
        let process: String
        let processID: pid_t
        let residentBytes: Int
        let descriptors: Int
    }

    private static let threads = 16
    /// Time between two samples.
    private static let lookPause = Duration.seconds(5)

    private let isOver = Atomic(false)
    private let held = Atomic<Int>(0)
    /// Nanoseconds between two claims of a thread; 0: no pause.
    private let pause = Atomic<Int64>(0)
    private let looks = Mutex<[[Sample]]>([])
    private let began = Mutex(ContinuousClock.now)
    /// Total running time of the earlier runs.
    private let spent = Mutex(Duration.zero)

    /// Claims answered with a hold so far.
    var claims: Int { held.load(ordering: .relaxed) }
    /// Total running time; call between two runs.
    var time: Duration { spent.withLock { $0 } }
    /// All samples, oldest first.
    var samples: [[Sample]] { looks.withLock { $0 } }

    /// Limits the crowd to this many claims a second from now on.
    func setRate(_ rate: Double) {
        pause.store(Int64(Double(Self.threads) * 1_000_000_000 / max(rate, 1)), ordering: .relaxed)
    }

    /// Starts the threads; the last one samples the processes.
    func start(_ world: World, _ venue: Venue, token: String) -> RunningThreads {
        isOver.store(false, ordering: .relaxed)
        began.withLock { $0 = .now }
        return RunningThreads(Self.threads + 1) { [self] thread in
            if thread == Self.threads { look(world) } else { claim(world, venue, token, thread) }
        }
    }

    func stop() {
        isOver.store(true, ordering: .relaxed)
        let start = began.withLock { $0 }
        spent.withLock { $0 += .now - start }
    }

    private func claim(_ world: World, _ venue: Venue, _ token: String, _ thread: Int) {
        let client = world.customer(of: World.servers[thread % World.servers.count])
        let body = venue.wide.claim(quantity: 1)
        let headers = bearer(token)
        var next = monotonicNanoseconds()
        while !isOver.load(ordering: .relaxed) {
            let answer = try? client.send("POST", "/v1/bookings", headers: headers, body: body)
            if answer?.status == 201 { held.wrappingAdd(1, ordering: .relaxed) } else { usleep(20_000) }
            // A late thread does not catch up: an outage must not cause a burst.
            next = max(next + pause.load(ordering: .relaxed), monotonicNanoseconds())
            usleep(UInt32(max(0, next - monotonicNanoseconds()) / 1000))
        }
    }

    private func look(_ world: World) {
        var next = ContinuousClock.now
        while !isOver.load(ordering: .relaxed) {
            usleep(50_000)
            guard ContinuousClock.now >= next else { continue }
            next = .now + Self.lookPause
            let samples = World.copies.compactMap { name in
                world.processID(of: name).flatMap { Sample(name, $0) }
            }
            looks.withLock { $0.append(samples) }
        }
    }
}

extension Crowd.Sample {
    /// Reads `/proc`; nil when the process is gone.
    fileprivate init?(_ name: String, _ processID: pid_t) {
        guard let memory = try? String(contentsOfFile: "/proc/\(processID)/statm", encoding: .utf8),
            let pages = memory.split(separator: " ").dropFirst().first.flatMap({ Int($0) }),
            let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(processID)/fd").count
        else { return nil }
        self.init(process: name, processID: processID, residentBytes: pages * 4096, descriptors: open)
    }
}

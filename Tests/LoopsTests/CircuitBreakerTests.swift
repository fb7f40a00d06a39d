import Loops
import Testing

@Suite("A circuit breaker")
struct CircuitBreakerTests {
    @Test("opens after consecutive failures, admits one caller per pause, and closes after a success")
    func life() {
        var breaker = CircuitBreaker(threshold: 2, pause: .seconds(1))
        breaker.failed(now: 0)
        breaker.succeeded()
        breaker.failed(now: 0)
        #expect(!breaker.isOpen && breaker.admits(now: 0))
        breaker.failed(now: 10)
        #expect(breaker.isOpen && !breaker.admits(now: 1_000_000_009))
        #expect(breaker.admits(now: 1_000_000_010) && !breaker.admits(now: 1_000_000_011))
        // That attempt failed too.
        breaker.failed(now: 1_500_000_000)
        #expect(!breaker.admits(now: 2_499_999_999) && breaker.admits(now: 2_500_000_000))
        breaker.succeeded()
        #expect(!breaker.isOpen && breaker.admits(now: 2_500_000_001))
    }
}

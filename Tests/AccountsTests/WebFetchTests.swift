import HTTPClient
import Support
import Testing

@Suite("Fetching a key set")
struct WebFetchTests {
    @Test("a document is accepted only with status 200, and only if it is complete")
    func fetches() async throws {
        let document = [UInt8]("{\"keys\":[]}".utf8)
        let issuer = try await Issuer(document)
        let fetch = WebFetch(url: issuer.url)
        #expect(fetch.get() == document)
        for status in [201, 204, 404, 500] {
            issuer.answer(status, document)
            #expect(fetch.get() == nil, "\(status)")
        }
        let other = try await Issuer(document)
        issuer.answer(302, headers: [("Location", other.url)], document)
        #expect(fetch.get() == nil)
        #expect(other.requests == 0)
        issuer.answer(200, [UInt8](repeating: 32, count: 256 * 1024))
        #expect(fetch.get()?.count == 256 * 1024)
        issuer.answer(200, [UInt8](repeating: 32, count: 256 * 1024 + 1))
        #expect(fetch.get() == nil)
        await issuer.stop()
        #expect(fetch.get() == nil)
        await other.stop()
    }

    @Test("only http and https are allowed")
    func schemes() throws {
        for url in ["file:///etc/hostname", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "", "nonsense"] {
            #expect(WebFetch(url: url).get() == nil, "\(url)")
        }
    }
}

import Testing

extension ContractTests {
    @Suite("Health")
    struct HealthTests {
        @Test("the process is live and ready, and reports its checks")
        func health() throws {
            let api = try TestAPI.current
            #expect(try api.ask(Request("GET", "/livez")).status == 200)
            let ready = try api.ask(Request("GET", "/readyz"))
            #expect(ready.status == 200 && ready["status"]?.text == "ok")
            #expect(ready["checks"]?.names == ["redis", "postgres", "inventory"])
            for name in ["redis", "postgres", "inventory"] { #expect(ready["checks"]?[name]?.text == "ok") }
        }
    }
}

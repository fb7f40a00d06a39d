import RedisClient
import Testing

@Suite("Redis URLs")
struct RedisConfigurationTests {
    @Test("a complete TCP URL")
    func tcp() throws {
        let configuration = try RedisConfiguration(url: "redis://us%3Aer:p%40ss:w%2Ford@host.example:7000/3")
        #expect(configuration.endpoint == .tcp(host: "host.example", port: 7_000))
        #expect(configuration.user == "us:er")
        #expect(configuration.password == "p@ss:w/ord")
        #expect(configuration.database == 3)
    }

    @Test("optional parts")
    func defaults() throws {
        let plain = try RedisConfiguration(url: "redis://h")
        #expect(plain.endpoint == .tcp(host: "h", port: 6_379) && plain.password == nil && plain.database == 0)
        let password = try RedisConfiguration(url: "redis://:secret@[::1]:1/")
        #expect(password.endpoint == .tcp(host: "::1", port: 1))
        #expect(password.user == nil && password.password == "secret")
    }

    @Test("a unix socket's URL", arguments: ["unix:/tmp/a%20b", "unix:///tmp/a%20b"])
    func unix(url: String) throws {
        let configuration = try RedisConfiguration(url: url + "?db=2&user=u&password=a%26b")
        #expect(configuration.endpoint == .unix(path: "/tmp/a b"))
        #expect(configuration.database == 2 && configuration.user == "u" && configuration.password == "a&b")
    }

    @Test(
        "an invalid URL is refused, and the message names the error",
        arguments: [
            ("http://h", "begins"), ("rediss://h", "TLS"), ("redis://", "host"), ("redis://h:0", "port"),
            ("redis://h:65536", "port"), ("redis://h:+1", "port"), ("redis://h/x", "database"),
            ("redis://h/-1", "database"),
            ("redis://secret@h", "@"), ("redis://:%zz@h", "password"), ("redis://h?db=1", "?"), ("redis://[::1", "]"),
            ("redis://[::1]x", "]"), ("unix:relative", "/"), ("unix:/p?x=1", "parameter"), ("unix:/%00", "path"),
            ("unix:/" + String(repeating: "a", count: 107), "107"),
        ])
    func wrong(url: String, part: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error?.code == .misuse)
        #expect(error?.reason.contains(part) == true)
        #expect(error?.reason.contains("secret") == false)
    }

    @Test("no output of a configuration shows the password")
    func secrecy() throws {
        let configuration = try RedisConfiguration(url: "redis://:secret@h/1")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("secret"))
        }
    }
}

import Foundation
import Support
import Testing

extension ContractTests {
    /// The caller, and the user that it acts for.
    @Suite("Callers")
    struct CallerTests {
        private static let key = "box-office-key-of-tests"

        /// A request for a user whose id has these bytes.
        private func ask(_ request: Request, onBehalfOf name: [UInt8]) throws -> Answer {
            try TestAPI.current.ask(request.with("X-API-Key", Self.key).with("X-On-Behalf-Of", name))
        }

        @Test("ids in Latin-1 are refused, so that no two of them become one user")
        func latin1() throws {
            let api = try TestAPI.current
            let event = try api.event(",\"maxBookingsPerUser\":1")
            for last: UInt8 in [0xe9, 0xe8, 0xf1] {
                let answer = try ask(
                    Request("POST", "/v1/bookings", event.claim()), onBehalfOf: Array("ren".utf8) + [last])
                answer.expectProblem(400, "invalid-request")
                let list = try ask(Request("GET", "/v1/bookings"), onBehalfOf: Array("ren".utf8) + [last])
                list.expectProblem(400, "invalid-request")
            }
            let good = try ask(Request("POST", "/v1/bookings", event.claim()), onBehalfOf: Array("ren\u{e9}".utf8))
            #expect(good.status == 201 && good["userId"]?.text?.utf8.elementsEqual("ren\u{e9}".utf8) == true)
        }

        /// Invalid ids: not normalised, invisible, with format characters, too long.
        static let badIDs = [
            "jose\u{301}", "\u{212b}ngstr\u{f6}m", "\u{1112}\u{1161}\u{11ab}", "\u{a0}", "adm\u{202e}in", "a\u{200b}b",
            "x\u{ad}y", "\u{200d}", "a\u{2066}b", "a\u{e0041}b", "a\u{fe0f}b", String(repeating: "x", count: 129),
        ]

        @Test("an id that is not normalised or not visible is refused on every route", arguments: badIDs)
        func doors(_ name: String) throws {
            let api = try TestAPI.current
            let event = try api.event()
            let claim = Request("POST", "/v1/bookings", event.claim())
            try ask(claim, onBehalfOf: Array(name.utf8)).expectProblem(400, "invalid-request")
            try api.ask(claim.by(TestAPI.token(name))).expectProblem(401, "unauthorized")
            let body = "{\"event_id\":\(event.number),\"user_id\":\"\(name)\"}"
            let reserve = try api.ask(Request("POST", "/api/bookings/reserve", body).with("X-API-Key", Self.key))
            #expect(reserve.status == 400 && reserve["statusCode"]?.integer == 400, "\(reserve.text)")
        }

        @Test(
            "a valid id is accepted on every route, and is returned byte for byte",
            arguments: [
                "jos\u{e9}", "\u{d55c}\u{ae00}", "\u{639}\u{644}\u{6cc}\u{200c}\u{631}\u{636}\u{627}",
                "\u{1f469}\u{200d}\u{1f680}",
                "a|b %41 {p1}:x", String(repeating: "\u{1f680}", count: 128),
            ])
        func goodIDs(_ name: String) throws {
            let api = try TestAPI.current
            let event = try api.event()
            let claim = Request("POST", "/v1/bookings", event.claim())
            let body = "{\"event_id\":\(event.number),\"user_id\":\"\(name)\"}"
            for answer in [
                try ask(claim, onBehalfOf: Array(name.utf8)), try api.ask(claim.by(TestAPI.token(name))),
                try api.ask(Request("POST", "/api/bookings/reserve", body).with("X-API-Key", Self.key)),
            ] {
                #expect(answer.status == 201, "\(answer.text)")
                let owner = answer["userId"]?.text ?? answer["user_id"]?.text ?? ""
                #expect(owner.utf8.elementsEqual(name.utf8))
            }
        }

        /// Routes that need credentials, routes that need none, and both forms of errors.
        private static let paths = [
            "/v1/bookings", "/v1/events", "/v1/events/1", "/%761/events", "/v1/venues", "/v1/demo", "/api/events",
            "/api/bookings",
        ]

        @Test("a repeated credential header is refused", arguments: paths)
        func once(_ path: String) throws {
            let api = try TestAPI.current
            let token = TestAPI.newUser()
            let get = Request("GET", path)
            for request in [
                get.by(token).by(token), get.by(token).by(TestAPI.newUser()), get.by(token).with("authorization", ""),
                get.with("X-API-Key", Self.key).with("x-api-key", Self.key).with("X-On-Behalf-Of", "ann"),
                get.with("X-API-Key", Self.key).with("X-On-Behalf-Of", "bob").with("X-On-Behalf-Of", "ann"),
                get.with("X-API-Key", Self.key).with("X-On-Behalf-Of", "ann").with("x-on-behalf-of", "ann"),
                get.by(token).with("X-On-Behalf-Of", "bob").with("X-On-Behalf-Of", "ann"),
            ] {
                #expect(try api.ask(request).status == 400)
            }
        }

        @Test("a wrong or empty API key is refused, even where none is needed", arguments: paths)
        func wrongKey(_ path: String) throws {
            let api = try TestAPI.current
            for key in ["wrong", "", Self.key.uppercased(), Self.key + "x"] {
                let request = Request("GET", path).with("X-API-Key", key)
                for request in [request, request.by(TestAPI.newUser()), request.by(TestAPI.admin)] {
                    let answer = try api.ask(request)
                    #expect(answer.status == 401, "\(answer.text)")
                    #expect(answer.headers["www-authenticate"] != nil)
                }
            }
            let good = try api.ask(
                Request("GET", path).with("X-API-Key", Self.key).with("X-On-Behalf-Of", "ann"))
            #expect(good.status != 401 && good.status != 400, "\(good.text)")
        }

        @Test("documents and health checks ignore credentials")
        func elsewhere() throws {
            for path in ["/livez", "/openapi.json"] {
                #expect(try TestAPI.current.ask(Request("GET", path).with("X-API-Key", "wrong")).status == 200)
            }
        }

        @Test("X-On-Behalf-Of is ignored with a token")
        func tokenOnly() throws {
            let api = try TestAPI.current
            let held = try api.ask(
                Request("POST", "/v1/bookings", try api.event().claim()).by(TestAPI.token("ann-of-a-token"))
                    .with("X-On-Behalf-Of", "bob"))
            #expect(held["userId"]?.text == "ann-of-a-token")
            let odd = Request("GET", "/v1/bookings").by(TestAPI.newUser()).with("X-On-Behalf-Of", [0xff])
            #expect(try api.ask(odd).status == 200)
        }

        @Test("one or more spaces separate Bearer and the token")
        func spaces() throws {
            let api = try TestAPI.current
            let token = TestAPI.newUser()
            let get = Request("GET", "/v1/bookings")
            for value in ["Bearer  \(token)", "bearer \(token)", "BEARER     \(token)"] {
                #expect(try api.ask(get.with("Authorization", value)).status == 200)
            }
            for value in ["Bearer\(token)", "Bearer\t\(token)", "Bearer", "Bearer ", "Bearer   "] {
                #expect(try api.ask(get.with("Authorization", value)).status == 401)
            }
        }
    }
}

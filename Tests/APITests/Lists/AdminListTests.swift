import Foundation
import JSON
import Testing

extension ContractTests {
    @Suite("All users' bookings")
    struct AdminListTests {
        private func list(_ api: TestAPI, _ query: String) throws -> Answer {
            try api.ask(Request("GET", "/v1/admin/bookings?\(query)").by(TestAPI.admin))
        }

        private func table(_ api: TestAPI, _ query: String) throws -> (answer: Answer, rows: [[String]]) {
            let request = Request("GET", "/v1/admin/bookings?\(query)").with("Accept", "text/csv").by(TestAPI.admin)
            let answer = try api.ask(request)
            return (answer, CSV.rows(answer.text))
        }

        @Test("are listed for administrators only, newest first, by event, user and present status, in pages")
        func filters() async throws {
            let api = try TestAPI.current
            let event = try api.event(",\"maxTicketsPerUser\":null")
            let names = ["ann-\(UUID())", "bob-\(UUID())"]
            var ids: [String] = []
            for index in 0..<6 {
                let token = TestAPI.token(names[index % 2])
                ids.append(try api.claim(event, by: token, card: index == 4 ? Card.good : nil).id)
            }
            #expect(try api.act("cancel", ids[1], by: TestAPI.token(names[1])).status == 200)
            let expected = Array(ids.sorted(by: >))
            let all = try list(api, "eventId=\(event.id)")
            #expect(all.status == 200 && all.json?.names == ["data", "nextCursor", "complete"])
            #expect(all.listed == expected && all["complete"]?.bool == true)
            #expect(try list(api, "eventId=\(event.number)&limit=100").listed == expected)
            #expect(try list(api, "userId=\(names[0])").listed == [ids[0], ids[2], ids[4]].sorted(by: >))
            #expect(try list(api, "userId=\(names[0])&status=CONFIRMED").listed == [ids[4]])
            #expect(try list(api, "eventId=\(event.id)&status=CANCELLED").listed == [ids[1]])
            #expect(try list(api, "eventId=\(event.id)&status=RESERVED").listed.count == 4)
            #expect(try list(api, "eventId=\(event.id)&status=EXPIRED").listed == [])
            #expect(try list(api, "userId=nobody").listed == [])
            for query in ["eventId=\(event.id)", "eventId=\(event.id)&status=RESERVED"] {
                var paged: [String] = []
                var cursor = ""
                repeat {
                    let page = try list(api, "\(query)&limit=2&cursor=\(cursor)")
                    paged += page.listed
                    cursor = page["nextCursor"]?.text ?? ""
                } while !cursor.isEmpty
                #expect(try paged == list(api, "\(query)&limit=100").listed)
            }
            for (query, pointer) in [
                ("status=reserved", "?status"), ("limit=101", "?limit"), ("cursor=x", "?cursor"), ("page=1", "?page"),
                ("eventId=abc", "?eventId"), ("email=ann", "?email"), ("userId=%00", "?userId"),
                // An empty user must not mean all users.
                ("userId=", "?userId"), ("email=", "?email"),
            ] {
                let answer = try list(api, query)
                answer.expectProblem(400, "invalid-request")
                if query != "userId=%00" { #expect(answer.pointers == [pointer]) }
            }
            let request = Request("GET", "/v1/admin/bookings")
            try api.ask(request.by(TestAPI.newUser())).expectProblem(403, "forbidden")
            try api.ask(request).expectProblem(401, "unauthorized")
            try api.ask(request.with("X-API-Key", "box-office-key-of-tests")).expectProblem(403, "forbidden")
        }

        @Test("are found by an account's address, in any spelling")
        func address() async throws {
            let api = try TestAPI.current
            let event = try api.event()
            let name = "Ann.\(UUID().uuidString)"
            let body = "{\"email\":\"\(name)@Example.com\",\"password\":\"a password 1\",\"name\":\"Ann\"}"
            let account = try api.ask(Request("POST", "/v1/auth/register", body))
            try #require(account.status == 201, "\(account.text)")
            let held = try api.claim(event, by: try #require(account["accessToken"]?.text))
            #expect(try api.claim(event, by: TestAPI.newUser()).status == 201)
            for spelling in ["\(name)@Example.com", "\(name.lowercased())@example.COM"] {
                #expect(try list(api, "email=\(spelling)").listed == [held.id])
            }
            #expect(try list(api, "email=\(name)@example.com&status=CONFIRMED").listed == [])
            #expect(try list(api, "email=\(name)@example.com&userId=other").listed == [])
            let unknown = try list(api, "email=nobody@example.com")
            #expect(unknown.status == 200 && unknown.listed == [] && unknown["complete"]?.bool == true)
            let rows = try table(api, "email=\(name)@example.com").rows
            #expect(rows.count == 2 && rows[1][0] == held.id && rows[1][3] == "\(name)@Example.com")
            #expect(try table(api, "email=nobody@example.com").rows.count == 1)
        }

        @Test("are a table that spreadsheets can open, without formulas")
        func csv() async throws {
            let api = try TestAPI.current
            let event = try api.event(",\"maxTicketsPerUser\":null")
            let names = ["=1+1", "+1", "-1", "@x", "a,b", "quote\"d", "d\u{e9}j\u{e0}", "'plain", "a=b"].map {
                "\($0) \(UUID())"
            }
            var ids: [String] = []
            for name in names {
                let claim = Request("POST", "/v1/bookings", event.claim(2)).with("X-API-Key", "box-office-key-of-tests")
                let held = try api.ask(claim.with("X-On-Behalf-Of", name))
                try #require(held.status == 201, "\(held.text)")
                ids.append(held.id)
            }
            let paid = try api.claim(event, by: TestAPI.newUser(), card: Card.good)
            let (answer, rows) = try table(api, "eventId=\(event.id)&limit=2&cursor=\(ids[0])")
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "text/csv; charset=utf-8; header=present")
            #expect(answer.headers["x-complete"] == "true" && answer.headers["vary"]?.contains("Accept") == true)
            #expect(answer.body.starts(with: Array("id,eventId,userId".utf8)))
            #expect(answer.text.hasSuffix("\r\n"))
            #expect(!answer.text.replacingOccurrences(of: "\r\n", with: "").contains("\n"))
            #expect(
                rows.first == [
                    "id", "eventId", "userId", "email", "status", "quantity", "totalAmount", "currency", "createdAt",
                    "confirmedAt", "expiresAt", "paymentStatus", "transactionId",
                ])
            #expect(rows.dropFirst().map { $0[0] } == (ids + [paid.id]).sorted(by: >))
            for (id, name) in zip(ids, names) {
                let row = try #require(rows.first { $0[0] == id })
                #expect(row.count == 13 && row[1] == event.id && row[3].isEmpty)
                #expect(row[2] == ("=+-@".contains(name.first ?? " ") ? "'\(name)" : name))
                #expect(row[4...7] == ["RESERVED", "2", "9998", "USD"] && row[9].isEmpty && row[11...] == ["", ""])
            }
            let row = try #require(rows.first { $0[0] == paid.id })
            #expect(row[4] == "CONFIRMED" && row[5] == "1" && row[8] == paid["createdAt"]?.text)
            #expect(row[9] == paid["confirmedAt"]?.text && row[10] == paid["expiresAt"]?.text)
            #expect(row[11] == "SUCCEEDED" && row[12] == paid["payment"]?["transactionId"]?.text)
            let head = try api.ask(
                Request("HEAD", "/v1/admin/bookings").with("Accept", "text/csv").by(TestAPI.admin))
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.headers["content-type"]?.hasPrefix("text/csv") == true)
            let wanted = Request("GET", "/v1/admin/bookings?eventId=\(event.id)").by(TestAPI.admin)
            #expect(try api.ask(wanted.with("Accept", "text/csv;q=0.1, application/json"))["data"] != nil)
        }

        @Test("are exported completely, however many there are")
        func long() async throws {
            let api = try TestAPI.current
            let event = try api.event()
            let held = try api.claim(event, by: TestAPI.newUser())
            #expect(try list(api, "eventId=\(event.id)").listed == [held.id])
            // Copies of one booking, under smaller ids.
            let copies = 1733
            try await api.execute(
                """
                INSERT INTO bookings SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, b.partition,
                    b.event_id, 'copy ' || n, 'EXPIRED', b.version, b.epoch, b.total_amount, b.currency, b.expires_at,
                    NULL, 0, 0, b.exclusive, NULL, 'hold-expired', b.created_at, b.updated_at, NULL
                FROM bookings b, generate_series(1, \(copies)) AS n WHERE b.id = '\(held.id)'
                """)
            let (answer, rows) = try table(api, "eventId=\(event.id)")
            #expect(answer.status == 200 && rows.count == copies + 2)
            #expect(rows.dropFirst(2).map { $0[2] } == (1...copies).reversed().map { "copy \($0)" })
            #expect(try table(api, "eventId=\(event.id)&status=RESERVED").rows.count == 2)
            try await api.execute("DELETE FROM bookings WHERE user_id LIKE 'copy %'")
        }
    }
}

/// Parses RFC 4180.
enum CSV {
    static func rows(_ text: String) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var cell: [UInt8] = []
        var isQuoted = false
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\"") where isQuoted && bytes.first == byte:
                cell.append(byte)
                bytes.removeFirst()
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted:
                row.append(String(decoding: cell, as: UTF8.self))
                cell = []
            case 13 where !isQuoted: continue
            case 10 where !isQuoted:
                rows.append(row + [String(decoding: cell, as: UTF8.self)])
                (row, cell) = ([], [])
            default: cell.append(byte)
            }
        }
        return rows
    }
}

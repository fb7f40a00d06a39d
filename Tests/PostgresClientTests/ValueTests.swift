import Loops
import PostgresClient
import Support
import Testing

@Suite("PostgreSQL values")
struct ValueTests {
    @Test("every type survives a round trip, and so does NULL")
    func roundTrips() async throws {
        try await withPool { _, pool in
            let row = try #require(
                try await pool.query(
                    """
                    SELECT $1::text AS t, $2::bigint AS i, $3::bool AS b, $4::uuid AS u, $5::bytea AS y, $6::text AS n,
                           $7::smallint AS s
                    """,
                    [
                        .text("a'b\"c\\d $1 – 日本 🎫"), .integer(.min), true,
                        .uuid("0190163d-8694-739b-aea5-966c26f8ad91"), .bytes([0, 1, 0x5c, 0xff]), nil, -7,
                    ]
                ).first)
            #expect(try row.string("t") == "a'b\"c\\d $1 – 日本 🎫")
            #expect(try row.integer("i") == .min)
            #expect(try row.bool("b"))
            #expect(try row.string("u") == "0190163d-8694-739b-aea5-966c26f8ad91")
            #expect(try row.bytes("y") == [0, 1, 0x5c, 0xff])
            #expect(try row.optionalString("n") == nil)
            #expect(try row.optionalInteger("n") == nil)
            #expect(try row.optionalBool("n") == nil)
            #expect(try row.optionalBytes("n") == nil)
            #expect(try row.isNull("n"))
            #expect(try row.integer(6) == -7)
        }
    }

    @Test("the empty text is not NULL, and the largest integer fits")
    func edges() async throws {
        try await withPool { _, pool in
            let rows = try await pool.query(
                "SELECT $1::text, $2::bigint, $3::bytea, $4::bool", ["", .integer(.max), .bytes([]), false])
            let row = rows[0]
            #expect(try row.optionalString(0) == "")
            #expect(try row.integer(1) == .max)
            #expect(try row.bytes(2) == [])
            #expect(try row.bool(3) == false)
        }
    }

    @Test("array elements keep their quotes, backslashes, commas, braces, NULLs and letters")
    func textArrays() async throws {
        let texts: [String?] = [
            "plain", "", nil, "NULL", "null", "a\"b", "a\\b", "{x,y}", " padded ", "line\nbreak\ttab", "日本 🎫", "'", ",",
        ]
        try await withPool { _, pool in
            let rows = try await pool.query(
                "SELECT e FROM unnest($1::text[]) WITH ORDINALITY AS u(e, n) ORDER BY n", [.textArray(texts)])
            #expect(try rows.map { try $0.optionalString("e") } == texts)
        }
    }

    @Test("arrays of integers, UUIDs and booleans are unnested in parallel")
    func parallelArrays() async throws {
        let uuid = "0190163d-8694-739b-aea5-966c26f8ad91"
        try await withPool { _, pool in
            let rows = try await pool.query(
                """
                SELECT i, u, b FROM unnest($1::bigint[], $2::uuid[], $3::bool[])
                WITH ORDINALITY AS x(i, u, b, n) ORDER BY n
                """,
                [.integerArray([.min, nil, .max]), .uuidArray([uuid, nil, uuid]), .boolArray([true, false, nil])])
            #expect(try rows.map { try $0.optionalInteger("i") } == [.min, nil, .max])
            #expect(try rows.map { try $0.optionalString("u") } == [uuid, nil, uuid])
            #expect(try rows.map { try $0.optionalBool("b") } == [true, false, nil])
            let none = try await pool.query("SELECT 1 FROM unnest($1::bigint[])", [.integerArray([])])
            #expect(none.isEmpty)
        }
    }

    @Test("rows are a collection and have the number of affected rows")
    func rows() async throws {
        try await withPool { _, pool in
            let rows = try await pool.query("SELECT g AS n FROM generate_series(1, 1000) g")
            #expect(rows.count == 1_000)
            #expect(rows.affectedRows == 1_000)
            #expect(rows.columns == ["n"])
            #expect(try rows.reversed().first?.integer("n") == 1_000)
            #expect(try rows[10...12].map { try $0.integer("n") } == [11, 12, 13])
        }
    }

    @Test("a value of another type is an error that names the column")
    func decodingErrors() async throws {
        try await withPool { _, pool in
            let row = try await pool.query("SELECT 'x'::text AS word, NULL::bigint AS nothing, 12.5 AS half")[0]
            for (read, column) in [
                ({ _ = try row.integer("word") }, "word"), ({ _ = try row.bool("word") }, "word"),
                ({ _ = try row.bytes("word") }, "word"), ({ _ = try row.integer("nothing") }, "nothing"),
                ({ _ = try row.integer("half") }, "half"), ({ _ = try row.string("absent") }, "absent"),
                ({ _ = try row.string(9) }, "9"),
            ] as [(() throws -> Void, String)] {
                let error = #expect(throws: PostgresError.self) { try read() }
                #expect(error?.code == .decoding)
                #expect(error?.description.contains("column \(column) ") == true)
            }
        }
    }

    @Test("a NUL character is refused before anything is sent, and the connection stays usable")
    func nulCharacters() async throws {
        try await withPool { _, pool in
            for bad in [PostgresValue.text("a\0b"), .textArray(["\0"])] {
                let error = await failure { _ = try await pool.query("SELECT $1", [bad]) }
                #expect(error?.code == .misuse)
            }
            let one = try await pool.query("SELECT 1")[0].integer(0)
            #expect(one == 1)
            #expect(pool.connectionCount == 1)
        }
    }
}

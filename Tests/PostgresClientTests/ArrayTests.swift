import Loops
import PostgresClient
import Support
import Testing

@Suite("Binary arrays")
struct ArrayTests {
    private func connection(_ loop: EventLoop) async throws -> PostgresConnection {
        try await PostgresConnection.connect(
            on: loop, configuration: PostgresConfiguration(uri: TestServers.postgres.url))
    }

    @Test("survive a round trip in each type, with NULL, empty and extreme elements", arguments: [true, false])
    func roundTrip(isPrepared: Bool) async throws {
        try await onLoop { loop in
            let connection = try await connection(loop)
            defer { connection.close() }
            var numbers = PostgresArray(.bigint)
            for number in [0, -1, .min, .max, nil] as [Int64?] { numbers.append(number) }
            var texts = PostgresArray(.text)
            for text in ["", "NULL", "a\"b\\c,{}", "größer \u{1F39F}", nil] as [String?] { texts.append(text) }
            var uuids = PostgresArray(.uuid)
            uuids.append(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
            uuids.appendNull()
            var moments = PostgresArray(.timestamp)
            for moment in [0, 1_700_000_000_123, -62_135_596_800_000, nil] as [Int64?] {
                moments.append(milliseconds: moment)
            }
            let rows = try await connection.query(
                PostgresStatement(
                    """
                    SELECT $1::bigint[]::text AS numbers, array_to_string($2::text[], '|', '-') AS texts,
                        $3::uuid[]::text AS uuids, (SELECT string_agg(coalesce(
                            (extract(epoch FROM m) * 1000)::bigint::text, '-'), '|') FROM unnest($4::timestamptz[]) AS m)
                            AS moments, cardinality($5::text[]) AS none, $6::text AS beside
                    """,
                    [
                        .array(numbers), .array(texts), .array(uuids), .array(moments), .array(PostgresArray(.text)),
                        "beside",
                    ], isPrepared: isPrepared))
            let row = try #require(rows.first)
            #expect(try row.string("numbers") == "{0,-1,-9223372036854775808,9223372036854775807,NULL}")
            #expect(try row.string("texts") == "|NULL|a\"b\\c,{}|größer \u{1F39F}|-")
            #expect(try row.string("uuids") == "{01234567-89ab-cdef-fedc-ba9876543210,NULL}")
            #expect(try row.string("moments") == "0|1700000000123|-62135596800000|-")
            #expect(try row.integer("none") == 0 && row.string("beside") == "beside")
            #expect(try row.utf8("beside").elementsEqual("beside".utf8))
        }
    }

    @Test(
        "are refused by the server with a data error if it cannot store an element",
        arguments: [Int64.max, Int64.min, 10_000_000_000_000_000])
    func beyond(milliseconds: Int64) async throws {
        try await onLoop { loop in
            let connection = try await connection(loop)
            defer { connection.close() }
            var moments = PostgresArray(.timestamp)
            moments.append(milliseconds: milliseconds)
            var texts = PostgresArray(.text)
            texts.append("a\0b")
            for (statement, state) in [
                (PostgresStatement("SELECT $1::timestamptz[]", [.array(moments)]), "22008"),
                (PostgresStatement("SELECT $1::text[]", [.array(texts)]), "22021"),
            ] {
                do {
                    _ = try await connection.query(statement)
                    Issue.record("the value was accepted")
                } catch let error as PostgresError {
                    #expect(error.sqlState == state)
                }
            }
        }
    }
}

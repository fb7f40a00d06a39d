import PlantedBugs

extension PlantedBug {
    /// The library's text as the bug of this process has it.
    static func planted(_ source: String) -> String {
        (current?.changes ?? []).reduce(source) { $0.replacing($1.right, with: $1.wrong) }
    }

    var changes: [(right: String, wrong: String)] {
        switch self {
        case .expiryInPayment:
            [
                ("provider_silence = 15 * 60 * 1000", "provider_silence = 0"),
                ("math.max(b.expires, w.now + attempt_time)", "w.now"),
            ]
        case .noIdempotency:
            [("answers[i] = replay(i, request) or refuse(request)", "answers[i] = refuse(request)")]
        case .expiryByTTL:
            [
                (
                    "redis.call('ZADD', w.expiries_key, unpack(w.hold_add)) end",
                    """
                    redis.call('ZADD', w.expiries_key, unpack(w.hold_add)) end
                    for i = 1, #w.hold_add, 2 do
                      redis.call('PEXPIREAT', w.tag .. 'b:' .. w.hold_add[i + 1], w.hold_add[i])
                    end
                    """
                )
            ]
        case .openWhenMissing:
            [
                ("if meta[3] ~= 'open' or meta[2]", "if meta[1] and meta[3] ~= 'open' or meta[1] and meta[2]"),
                ("if meta[1] ~= epoch then", "if meta[1] and meta[1] ~= epoch then"),
                ("and redis.call('EXISTS', w.outbox_key) == 0 then", "and false then"),
                (
                    "return nil, { 'NO_EVENT' }",
                    """
                    e[1], e[4], e[7], e[8], e[9] = 'published', '600000', 'USD', epoch, '0'
                    for i = 1, #tier_ids do
                      e[known + i] = '1000 1000 0 0 0 1000 general'
                    end
                    """
                ),
            ]
        default: []
        }
    }
}

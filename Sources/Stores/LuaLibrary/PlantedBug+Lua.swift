import PlantedBugs

extension PlantedBug {
    /// The library's text as the bug of this process has it.
    static func planted(_ source: String) -> String {
        (current?.changes ?? []).reduce(source) { $0.replacing($1.right, with: $1.wrong) }
    }

    /// What the bug is in the library; none for one that is elsewhere.
    var changes: [(right: String, wrong: String)] {
        switch self {
        case .expiryInPayment:
            [
                ("provider_silence = 15 * 60 * 1000", "provider_silence = 0"),
                ("max(b.expires, g.now + attempt_time)", "g.now"),
            ]
        case .noIdempotency:
            [
                (
                    "if not key or claimed[key_fields[place - 1]] or today[place - 1] or before[place - 1] then",
                    "if not key then"
                )
            ]
        case .expiryByTTL:
            [
                (
                    "if claimed_count > 0 and g.is_queued then",
                    """
                    for i = 1, claimed_count do
                        call('PEXPIREAT', names.booking .. claimed[i], format('%d', g.hold_expires))
                      end
                      if claimed_count > 0 and g.is_queued then
                    """
                )
            ]
        case .openWhenMissing: openWhenMissing
        default: []
        }
    }

    private var openWhenMissing: [(right: String, wrong: String)] {
        [
            (
                "if call('HGET', meta_key, 'state') == open_state then",
                "if (call('HGET', meta_key, 'state') or open_state) == open_state then"
            ),
            ("call('XADD', g.names.outbox, 'NOMKSTREAM', '*',", "call('XADD', g.names.outbox, '*',"),
            (
                """
                  if not found[1] then
                    return nil, { 'NO_EVENT' }
                  end
                """,
                """
                  if not found[1] then
                    local digits = string.gsub(sub(event_key, -36), '-', '')
                    local id = string.gsub(digits, '%x%x', function(pair) return char(tonumber(pair, 16)) end)
                    found[1], found[2] = id .. 'published||||600000|||USD|' .. epoch .. '|', rep(char(0), 32)
                    for i = 1, read_count do
                      if sub(wanted[i], 1, 1) == 't' then
                        found[2 + i] = pack(layout.tier, 1000, 1000, 0, 0, 0, 1000, 'g')
                      end
                    end
                  end
                """
            ),
        ]
    }
}

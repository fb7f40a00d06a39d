import Testing

/// `/v1` as clients see it, on real stores; the suites in this directory's extensions share one server.
@Suite("The HTTP contract", .api())
enum ContractTests {}

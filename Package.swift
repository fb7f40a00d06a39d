// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: upcoming language features, and warnings as errors.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .enableUpcomingFeature("InferIsolatedConformances"),  // SE-0470
    .treatAllWarnings(as: .error),
    // Dynamic exclusivity checks look up each access to a class property in a table of accesses in progress: 2,300
    // instructions of a request that does nothing. Debug builds, and therefore the tests, do check.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// Targets that use C also mark every unsafe use (SE-0458).
let strictC = strict + [.strictMemorySafety()]

let package = Package(
    name: "usher",
    products: [
        .executable(name: "usher", targets: ["usher"]),
        .executable(name: "protocol-model", targets: ["ProtocolSearch"]),
    ],
    targets: [
        // One system library each.
        .systemLibrary(name: "CEvent", path: "Sources/C/CEvent", providers: [.apt(["libevent-dev"])]),
        .systemLibrary(name: "CHiredis", path: "Sources/C/CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CLibpq", path: "Sources/C/CLibpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CHTTPParser", path: "Sources/C/CHTTPParser", providers: [.apt(["libhttp-parser-dev"])]),
        .systemLibrary(name: "CCrypto", path: "Sources/C/CCrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CArgon2", path: "Sources/C/CArgon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "CCrypt", path: "Sources/C/CCrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CUTF8Proc", path: "Sources/C/CUTF8Proc", providers: [.apt(["libutf8proc-dev"])]),
        .systemLibrary(name: "CCurl", path: "Sources/C/CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),

        // Layers: a lower layer never imports a higher one.
        .target(name: "Text", dependencies: ["CUTF8Proc"], path: "Sources/Platform/Text", swiftSettings: strictC),
        .target(name: "BoxOffice", dependencies: ["Text"], path: "Sources/Domain/BoxOffice", swiftSettings: strict),
        .target(name: "PlantedBugs", path: "Sources/Platform/PlantedBugs", swiftSettings: strict),
        .target(name: "Metrics", path: "Sources/Platform/Metrics", swiftSettings: strict),
        .target(name: "Tracing", path: "Sources/Platform/Tracing", swiftSettings: strict),
        .target(name: "Logging", dependencies: ["JSON"], path: "Sources/Platform/Logging", swiftSettings: strict),
        .target(name: "Loops", dependencies: ["CEvent"], path: "Sources/Platform/Loops", swiftSettings: strictC),
        .target(
            name: "RedisClient", dependencies: ["Loops", "CHiredis", "Cryptography"],
            path: "Sources/Platform/RedisClient", swiftSettings: strictC),
        .target(
            name: "PostgresClient", dependencies: ["Loops", "CLibpq", "Cryptography"],
            path: "Sources/Platform/PostgresClient", swiftSettings: strictC),
        .target(name: "JSON", path: "Sources/Platform/JSON", swiftSettings: strict),
        .target(
            name: "HTTP", dependencies: ["Text", "Loops", "JSON", "CHTTPParser"], path: "Sources/Platform/HTTP",
            swiftSettings: strictC),
        .target(
            name: "Cryptography", dependencies: ["Text", "CCrypto", "CArgon2", "CCrypt"],
            path: "Sources/Platform/Cryptography", swiftSettings: strictC),
        .target(
            name: "LuaLibrary", dependencies: ["PlantedBugs", "RedisClient"], path: "Sources/Stores/LuaLibrary",
            resources: [.embedInCode("lua")],
            swiftSettings: strict),
        .target(
            name: "SeatInventory",
            dependencies: ["Text", "BoxOffice", "PlantedBugs", "RedisClient", "LuaLibrary", "Loops", "Cryptography"],
            path: "Sources/Stores/SeatInventory", swiftSettings: strict),
        .target(
            name: "Records",
            dependencies: ["Text", "BoxOffice", "PlantedBugs", "PostgresClient", "Loops"],
            path: "Sources/Stores/Records", resources: [.embedInCode("Migrations")],
            swiftSettings: strict),
        .target(
            name: "HTTPClient", dependencies: ["Loops", "CCurl"], path: "Sources/Platform/HTTPClient",
            swiftSettings: strictC),
        .target(
            name: "Payments",
            dependencies: ["Text", "BoxOffice", "Loops", "Cryptography", "JSON", "HTTPClient", "Tracing"],
            path: "Sources/Services/Payments", swiftSettings: strict),
        .target(
            name: "ProviderSimulator",
            dependencies: ["Text", "BoxOffice", "Payments", "HTTP", "JSON", "HTTPClient", "Loops"],
            path: "Sources/Services/ProviderSimulator", swiftSettings: strict),
        .target(
            name: "Settlement",
            dependencies: [
                "Text", "BoxOffice", "SeatInventory", "Records", "Payments", "RedisClient", "PostgresClient", "Loops",
                "Cryptography",
            ],
            path: "Sources/Services/Settlement", swiftSettings: strict),
        .target(
            name: "Telemetry",
            dependencies: ["Metrics", "Tracing", "RedisClient", "PostgresClient", "Loops", "JSON", "HTTPClient"],
            path: "Sources/Platform/Telemetry", swiftSettings: strict),
        // Documents that are served unchanged.
        .target(name: "CDocuments", path: "Sources/C/CDocuments", exclude: ["files", "web"]),
        .target(
            name: "BundledDocuments", dependencies: ["CDocuments"], path: "Sources/Platform/BundledDocuments",
            swiftSettings: strictC),
        .target(
            name: "Accounts",
            dependencies: [
                "Text", "BoxOffice", "RedisClient", "LuaLibrary", "PostgresClient", "Loops", "Cryptography", "JSON",
                "HTTPClient",
            ],
            path: "Sources/Stores/Accounts", swiftSettings: strictC),
        .target(
            name: "Audit", dependencies: ["BoxOffice", "SeatInventory", "Records", "PostgresClient", "Loops"],
            path: "Sources/Services/Audit", swiftSettings: strict),
        .target(
            name: "Reconciliation",
            dependencies: [
                "BoxOffice", "SeatInventory", "Records", "Payments", "Settlement", "RedisClient", "PostgresClient",
                "Loops", "Metrics", "Tracing", "Logging", "PlantedBugs",
            ],
            path: "Sources/Services/Reconciliation", swiftSettings: strict),
        .target(
            name: "API",
            dependencies: [
                "Text", "BoxOffice", "SeatInventory", "Records", "Payments", "Settlement", "HTTP", "JSON",
                "RedisClient", "PostgresClient", "Loops", "Cryptography", "Accounts", "Metrics", "Telemetry",
                "Tracing", "Logging", "BundledDocuments", "Audit", "PlantedBugs",
            ],
            path: "Sources/App/API", swiftSettings: strict),
        .executableTarget(
            name: "usher",
            dependencies: [
                "API", "Reconciliation", "BoxOffice", "SeatInventory", "Records", "Payments", "Settlement", "HTTP",
                "RedisClient", "PostgresClient", "Loops", "Cryptography", "Accounts", "ProviderSimulator",
                "Metrics", "Telemetry", "Tracing", "Logging", "Audit", "LuaLibrary",
            ],
            path: "Sources/App/usher", swiftSettings: strict,
            // Resolves all library symbols at start-up, after which the symbol table is read-only.
            linkerSettings: [
                .unsafeFlags(["-Xlinker", "-z", "-Xlinker", "relro", "-Xlinker", "-z", "-Xlinker", "now"]),
                // jemalloc replaces the C library's allocator (docs/adr/0025-plain-requests.md); tests use the C
                // library's.
                .linkedLibrary("jemalloc", .when(configuration: .release)),
            ]),

        // Tests. `Support` starts real servers.
        .target(name: "Support", dependencies: ["BoxOffice"], path: "Tests/Support", swiftSettings: strict),
        .target(name: "FaultSuite", dependencies: ["Support"], path: "Tests/FaultSuite", swiftSettings: strict),
        .executableTarget(name: "faults", dependencies: ["FaultSuite"], path: "Tests/faults", swiftSettings: strict),
        .testTarget(name: "FaultTests", dependencies: ["FaultSuite", "usher", "Support"], swiftSettings: strict),
        // The protocol's explicit-state model, and the command that searches it completely.
        .target(name: "ProtocolModel", path: "Tests/ProtocolModel", swiftSettings: strict),
        .executableTarget(
            name: "ProtocolSearch", dependencies: ["ProtocolModel"], path: "Tests/ProtocolSearch",
            swiftSettings: strict),
        .testTarget(name: "ProtocolTests", dependencies: ["ProtocolModel"], swiftSettings: strict),
        .testTarget(name: "LoopsTests", dependencies: ["Loops"], swiftSettings: strict),
        .testTarget(
            name: "RedisClientTests", dependencies: ["RedisClient", "Cryptography", "Loops", "Support"],
            swiftSettings: strict),
        .testTarget(
            name: "PostgresClientTests", dependencies: ["PostgresClient", "Loops", "Support"], swiftSettings: strict
        ),
        .testTarget(
            name: "HTTPTests", dependencies: ["HTTP", "JSON", "Loops", "Support"],
            swiftSettings: strict),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "Support"], swiftSettings: strict),
        .testTarget(name: "LoggingTests", dependencies: ["Logging"], swiftSettings: strict),
        .testTarget(name: "MetricsTests", dependencies: ["Metrics"], swiftSettings: strict),
        .testTarget(
            name: "TelemetryTests",
            dependencies: ["Telemetry", "Tracing", "Metrics", "HTTP", "Loops", "Support"],
            swiftSettings: strict),
        .testTarget(name: "TextTests", dependencies: ["Text"], swiftSettings: strict),
        .testTarget(name: "BoxOfficeTests", dependencies: ["BoxOffice", "Text", "Support"], swiftSettings: strict),
        .testTarget(
            name: "SeatInventoryTests",
            dependencies: [
                "SeatInventory", "LuaLibrary", "PlantedBugs", "BoxOffice", "RedisClient", "Loops", "Support",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "APITests",
            dependencies: [
                "usher", "Accounts", "API", "BoxOffice", "HTTP", "JSON", "SeatInventory", "Records", "Reconciliation",
                "RedisClient",
                "PostgresClient", "Loops", "Cryptography", "Payments", "Settlement", "BundledDocuments", "Support",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "AccountsTests",
            dependencies: [
                "Accounts", "API", "Records", "HTTP", "Cryptography", "CCrypto", "RedisClient", "PostgresClient",
                "Loops", "HTTPClient", "Support",
            ],
            resources: [.copy("Vectors")],
            swiftSettings: strict),
        .testTarget(
            name: "RecordsTests", dependencies: ["Records", "BoxOffice", "PostgresClient", "Loops", "Support"],
            swiftSettings: strict),
        .testTarget(
            name: "ReconciliationTests",
            dependencies: [
                "Reconciliation", "Records", "SeatInventory", "BoxOffice", "Payments", "Settlement", "RedisClient",
                "PostgresClient", "Loops", "Support",
            ], swiftSettings: strict),
        .testTarget(
            name: "PaymentsTests",
            dependencies: [
                "Payments", "ProviderSimulator", "usher", "HTTPClient", "HTTP", "JSON", "BoxOffice", "Loops",
                "Support",
            ], swiftSettings: strict),
        .testTarget(
            name: "UsherTests",
            dependencies: [
                "usher", "BoxOffice", "Payments", "Cryptography", "Metrics", "HTTP", "Loops", "BundledDocuments",
                "Support",
            ],
            resources: [.copy("Recordings")],
            swiftSettings: strict),
    ],
    // `#embed` requires C23.
    cLanguageStandard: .c2x
)

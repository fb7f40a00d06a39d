// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is compiled with: the language of tomorrow, and no warning tolerated.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .enableUpcomingFeature("InferIsolatedConformances"),  // SE-0470
    .treatAllWarnings(as: .error),
    // Each access to a class's property would be looked up in a table of those under way: 2,300 instructions of a request
    // that does nothing. Debug builds, and so the tests, do check.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// The targets that touch C also spell out every unsafe use (SE-0458).
let strictC = strict + [.strictMemorySafety()]

let package = Package(
    name: "usher",
    products: [
        .executable(name: "usher", targets: ["usher"]),
        .executable(name: "protocol-model", targets: ["ProtocolSearch"]),
    ],
    targets: [
        // One system library each.
        .systemLibrary(name: "CEvent", providers: [.apt(["libevent-dev"])]),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CLibpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CHTTPParser", providers: [.apt(["libhttp-parser-dev"])]),
        .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CArgon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CUTF8Proc", providers: [.apt(["libutf8proc-dev"])]),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),

        // Layers: a lower one never imports a higher one.
        .target(name: "Text", dependencies: ["CUTF8Proc"], swiftSettings: strictC),
        .target(name: "Booking", dependencies: ["Text"], swiftSettings: strict),
        .target(name: "PlantedBugs", swiftSettings: strict),
        .target(name: "Metrics", swiftSettings: strict),
        .target(name: "Tracing", swiftSettings: strict),
        .target(name: "Logging", dependencies: ["JSON"], swiftSettings: strict),
        .target(name: "EventLoop", dependencies: ["CEvent"], swiftSettings: strictC),
        .target(name: "RedisClient", dependencies: ["EventLoop", "CHiredis", "Cryptography"], swiftSettings: strictC),
        .target(name: "PostgresClient", dependencies: ["EventLoop", "CLibpq", "Cryptography"], swiftSettings: strictC),
        .target(name: "JSON", swiftSettings: strict),
        .target(
            name: "HTTPServer", dependencies: ["Text", "EventLoop", "JSON", "CHTTPParser"], swiftSettings: strictC),
        .target(name: "Cryptography", dependencies: ["Text", "CCrypto", "CArgon2", "CCrypt"], swiftSettings: strictC),
        .target(
            name: "LuaLibrary", dependencies: ["PlantedBugs", "RedisClient"], resources: [.embedInCode("lua")],
            swiftSettings: strict),
        .target(
            name: "Inventory",
            dependencies: ["Text", "Booking", "PlantedBugs", "RedisClient", "LuaLibrary", "EventLoop", "Cryptography"],
            swiftSettings: strict),
        .target(
            name: "Records",
            dependencies: ["Text", "Booking", "PlantedBugs", "PostgresClient", "EventLoop"],
            resources: [.embedInCode("Migrations")],
            swiftSettings: strict),
        .target(name: "WebClient", dependencies: ["EventLoop", "CCurl"], swiftSettings: strictC),
        .target(
            name: "Payments",
            dependencies: ["Text", "Booking", "EventLoop", "Cryptography", "JSON", "WebClient", "Tracing"],
            swiftSettings: strict),
        .target(
            name: "PaymentsSimulator",
            dependencies: ["Text", "Booking", "Payments", "HTTPServer", "JSON", "WebClient", "EventLoop"],
            swiftSettings: strict),
        .target(
            name: "Settlement",
            dependencies: [
                "Text", "Booking", "Inventory", "Records", "Payments", "RedisClient", "PostgresClient", "EventLoop",
                "Cryptography",
            ],
            swiftSettings: strict),
        .target(
            name: "Telemetry",
            dependencies: ["Metrics", "Tracing", "RedisClient", "PostgresClient", "EventLoop", "JSON", "WebClient"],
            swiftSettings: strict),
        // Served as they are.
        .target(name: "CDocuments", exclude: ["files", "web"]),
        .target(name: "Documents", dependencies: ["CDocuments"], swiftSettings: strictC),
        .target(
            name: "Accounts",
            dependencies: [
                "Text", "Booking", "RedisClient", "LuaLibrary", "PostgresClient", "EventLoop", "Cryptography", "JSON",
                "WebClient",
            ],
            swiftSettings: strictC),
        .target(
            name: "Audit", dependencies: ["Booking", "Inventory", "Records", "PostgresClient", "EventLoop"],
            swiftSettings: strict),
        .target(
            name: "Reconciler",
            dependencies: [
                "Booking", "Inventory", "Records", "Payments", "Settlement", "RedisClient", "PostgresClient",
                "EventLoop", "Metrics", "Tracing", "Logging", "PlantedBugs",
            ],
            swiftSettings: strict),
        .target(
            name: "API",
            dependencies: [
                "Text", "Booking", "Inventory", "Records", "Payments", "Settlement", "HTTPServer", "JSON",
                "RedisClient", "PostgresClient", "EventLoop", "Cryptography", "Accounts", "Metrics", "Telemetry",
                "Tracing", "Logging", "Documents", "Audit", "PlantedBugs",
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "usher",
            dependencies: [
                "API", "Reconciler", "Booking", "Inventory", "Records", "Payments", "Settlement", "HTTPServer",
                "RedisClient", "PostgresClient", "EventLoop", "Cryptography", "Accounts", "PaymentsSimulator",
                "Metrics", "Telemetry", "Tracing", "Logging", "Audit", "LuaLibrary",
            ],
            swiftSettings: strict,
            // Every address of a library is looked up at the start, and the table of them is read-only from then on.
            linkerSettings: [
                .unsafeFlags(["-Xlinker", "-z", "-Xlinker", "relro", "-Xlinker", "-z", "-Xlinker", "now"]),
                // Its allocator takes the place of the C library's (docs/adr/0025-plain-requests.md); tests use the latter.
                .linkedLibrary("jemalloc", .when(configuration: .release)),
            ]),

        // Tests. `Support` starts real servers.
        .target(name: "Support", dependencies: ["Booking"], path: "Tests/Support", swiftSettings: strict),
        .target(name: "FaultSuite", dependencies: ["Support"], path: "Tests/FaultSuite", swiftSettings: strict),
        .executableTarget(name: "faults", dependencies: ["FaultSuite"], path: "Tests/faults", swiftSettings: strict),
        .testTarget(name: "FaultTests", dependencies: ["FaultSuite", "usher", "Support"], swiftSettings: strict),
        // The protocol's explicit-state model, and the command that searches it whole.
        .target(name: "ProtocolModel", path: "Tests/ProtocolModel", swiftSettings: strict),
        .executableTarget(
            name: "ProtocolSearch", dependencies: ["ProtocolModel"], path: "Tests/ProtocolSearch",
            swiftSettings: strict),
        .testTarget(name: "ProtocolTests", dependencies: ["ProtocolModel"], swiftSettings: strict),
        .testTarget(name: "EventLoopTests", dependencies: ["EventLoop"], swiftSettings: strict),
        .testTarget(
            name: "RedisClientTests", dependencies: ["RedisClient", "Cryptography", "EventLoop", "Support"],
            swiftSettings: strict),
        .testTarget(
            name: "PostgresClientTests", dependencies: ["PostgresClient", "EventLoop", "Support"], swiftSettings: strict
        ),
        .testTarget(
            name: "HTTPServerTests", dependencies: ["HTTPServer", "JSON", "EventLoop", "Support"],
            swiftSettings: strict),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "Support"], swiftSettings: strict),
        .testTarget(name: "LoggingTests", dependencies: ["Logging"], swiftSettings: strict),
        .testTarget(name: "MetricsTests", dependencies: ["Metrics"], swiftSettings: strict),
        .testTarget(
            name: "TelemetryTests",
            dependencies: ["Telemetry", "Tracing", "Metrics", "HTTPServer", "EventLoop", "Support"],
            swiftSettings: strict),
        .testTarget(name: "TextTests", dependencies: ["Text"], swiftSettings: strict),
        .testTarget(name: "BookingTests", dependencies: ["Booking", "Text", "Support"], swiftSettings: strict),
        .testTarget(
            name: "InventoryTests",
            dependencies: ["Inventory", "LuaLibrary", "PlantedBugs", "Booking", "RedisClient", "EventLoop", "Support"],
            swiftSettings: strict),
        .testTarget(
            name: "APITests",
            dependencies: [
                "usher", "Accounts", "API", "Booking", "HTTPServer", "JSON", "Inventory", "Records", "Reconciler",
                "RedisClient",
                "PostgresClient", "EventLoop", "Cryptography", "Payments", "Settlement", "Documents", "Support",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "AccountsTests",
            dependencies: [
                "Accounts", "API", "Records", "HTTPServer", "Cryptography", "CCrypto", "RedisClient", "PostgresClient",
                "EventLoop", "WebClient", "Support",
            ],
            resources: [.copy("Vectors")],
            swiftSettings: strict),
        .testTarget(
            name: "RecordsTests", dependencies: ["Records", "Booking", "PostgresClient", "EventLoop", "Support"],
            swiftSettings: strict),
        .testTarget(
            name: "ReconcilerTests",
            dependencies: [
                "Reconciler", "Records", "Inventory", "Booking", "Payments", "Settlement", "RedisClient",
                "PostgresClient", "EventLoop", "Support",
            ], swiftSettings: strict),
        .testTarget(
            name: "PaymentsTests",
            dependencies: [
                "Payments", "PaymentsSimulator", "usher", "WebClient", "HTTPServer", "JSON", "Booking", "EventLoop",
                "Support",
            ], swiftSettings: strict),
        .testTarget(
            name: "UsherTests",
            dependencies: [
                "usher", "Booking", "Payments", "Cryptography", "Metrics", "HTTPServer", "EventLoop", "Documents",
                "Support",
            ],
            resources: [.copy("Recordings")],
            swiftSettings: strict),
    ],
    // `#embed` is of C23.
    cLanguageStandard: .c2x
)

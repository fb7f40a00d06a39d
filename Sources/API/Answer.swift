import Accounts
import HTTPServer
import Inventory
import PostgresClient

/// Turns what a route throws into its problem.
func answer(_ body: nonisolated(nonsending) () async throws -> HTTPResponse) async -> HTTPResponse {
    do {
        return try await body()
    } catch {
        return Problem(of: error).response()
    }
}

extension Problem {
    /// What an error means for a client; what nobody expected is 500 and says nothing.
    init(of error: any Error) {
        self =
            switch error {
            case let problem as Problem: problem
            case let error as InventoryError: .inventory(error)
            case let error as AccountError: .account(error)
            case let error as PostgresError: .records(error)
            default: Problem(.internalError, "Something went wrong here.")
            }
    }
}

import Accounts
import HTTP
import PostgresClient
import SeatInventory

/// Turns what a route throws into its problem.
func answer(_ body: nonisolated(nonsending) () async throws -> HTTPResponse) async -> HTTPResponse {
    do {
        return try await body()
    } catch {
        return Problem(of: error).response()
    }
}

extension Problem {
    /// The problem that a client gets for an error; an unexpected error is a 500 without details.
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

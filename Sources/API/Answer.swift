import HTTPServer
import Inventory
import PostgresClient

/// Turns what a route throws into its problem; what nobody expected is 500 and says nothing.
func answer(_ body: nonisolated(nonsending) () async throws -> HTTPResponse) async -> HTTPResponse {
    do {
        return try await body()
    } catch let problem as Problem {
        return problem.response()
    } catch let error as InventoryError {
        return Problem.inventory(error).response()
    } catch let error as PostgresError {
        return Problem.records(error).response()
    } catch {
        return Problem(500, "internal", "Something went wrong here.").response()
    }
}

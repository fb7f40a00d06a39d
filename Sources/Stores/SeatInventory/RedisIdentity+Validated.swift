import PlantedBugs
package import RedisClient

extension RedisIdentity {
    /// The part stored in `meta` by a recovery that validated this Redis.
    package var validated: String { PlantedBug.current == .runIDAlone ? runID : token }
}

import PlantedBugs
public import RedisClient

extension RedisIdentity {
    /// What `meta` keeps of the Redis that a recovery validated.
    public var validated: String { PlantedBug.current == .runIDAlone ? runID : token }
}

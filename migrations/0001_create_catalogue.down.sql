DROP TABLE tiers;
DROP TABLE events;
DROP TABLE reconcilers;
DROP TABLE partitions;
DROP TABLE settings;

DROP TABLE audit_intents;
DROP TABLE audit_log;

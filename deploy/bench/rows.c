// rows: measures how fast a bare libpq loop inserts the existing rows of tables: reads and removes them, and inserts them
// again in batches, one transaction each, with one prepared `INSERT … SELECT … FROM unnest(…)` per table.
//
//   rows CONNECTION BATCH TABLE…
// Batches are formed by `id` of the first table; the others have a column that refers to it, `booking_id`.
// Prints the number of rows of the first table, and seconds. The tables are emptied first, and have the same rows afterwards.
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TABLES = 4, COLUMNS = 40, TEXT = 8192 };

static PGconn *connection;

static PGresult *ask(const char *sql) {
    PGresult *result = PQexec(connection, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s%s\n", PQerrorMessage(connection), sql);
        exit(1);
    }
    return result;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

// Prepares the INSERT of a table, and builds the select list that makes its arrays.
static int prepare(const char *table, char *arrays) {
    char sql[TEXT], names[TEXT] = "", places[TEXT] = "", chosen[TEXT] = "";
    snprintf(sql, sizeof sql, "SELECT quote_ident(attname), format_type(atttypid, NULL), typcategory = 'A' FROM "
        "pg_attribute JOIN pg_type ON pg_type.oid = atttypid WHERE attrelid = '%s'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum", table);
    PGresult *columns = ask(sql);
    arrays[0] = 0;
    for (int i = 0; i < PQntuples(columns); i++) {
        // Arrays of arrays cannot be unnested by row: such a column is sent as text.
        const char *comma = i ? ", " : "", *name = PQgetvalue(columns, i, 0), *type = PQgetvalue(columns, i, 1);
        int is_array = *PQgetvalue(columns, i, 2) == 't';
        snprintf(names + strlen(names), TEXT - strlen(names), "%s%s", comma, name);
        snprintf(places + strlen(places), TEXT - strlen(places), "%s$%d::%s[]", comma, i + 1, is_array ? "text" : type);
        snprintf(chosen + strlen(chosen), TEXT - strlen(chosen), "%s%s%s%s", comma, name, is_array ? "::" : "",
            is_array ? type : "");
        snprintf(arrays + strlen(arrays), TEXT - strlen(arrays), "%sarray_agg(%s%s)::text", comma, name,
            is_array ? "::text" : "");
    }
    if (snprintf(sql, sizeof sql, "INSERT INTO %s (%s) SELECT %s FROM unnest(%s) AS rows (%s)", table, names, chosen,
            places, names) >= TEXT) exit(1);
    PQclear(PQprepare(connection, table, sql, 0, NULL));
    int count = PQntuples(columns);
    PQclear(columns);
    return count;
}

int main(int argc, char **argv) {
    if (argc < 4 || argc - 3 > TABLES) { fprintf(stderr, "see the head of rows.c\n"); return 64; }
    int tables = argc - 3, batch = atoi(argv[2]), columns[TABLES];
    char sql[3 * TEXT], arrays[TABLES][TEXT];
    connection = PQconnectdb(argv[1]);
    if (PQstatus(connection) != CONNECTION_OK) { fputs(PQerrorMessage(connection), stderr); return 1; }
    for (int t = 0; t < tables; t++) columns[t] = prepare(argv[3 + t], arrays[t]);
    snprintf(sql, sizeof sql, "CREATE TEMP TABLE batches AS SELECT id, ((row_number() OVER (ORDER BY id)) - 1) / %d AS batch "
        "FROM %s; CREATE INDEX ON batches (batch); ANALYZE batches", batch, argv[3]);
    PQclear(ask(sql));
    PGresult *counts = ask("SELECT count(*), coalesce(max(batch) + 1, 0) FROM batches");
    int rows = atoi(PQgetvalue(counts, 0, 0)), batches = atoi(PQgetvalue(counts, 0, 1));
    PGresult *(*taken)[TABLES] = calloc(batches + 1, sizeof *taken);
    for (int b = 0; b < batches; b++)
        for (int t = 0; t < tables; t++) {
            snprintf(sql, sizeof sql, "SELECT %s FROM (SELECT rows.* FROM %s AS rows JOIN batches ON batches.id = rows.%s "
                "WHERE batch = %d ORDER BY batches.id) AS rows", arrays[t], argv[3 + t], t ? "booking_id" : "id", b);
            taken[b][t] = ask(sql);
        }
    for (int t = 0; t < tables; t++) {
        snprintf(sql, sizeof sql, "SET client_min_messages = warning; TRUNCATE %s CASCADE", argv[3 + t]);
        PQclear(ask(sql));
    }
    double start = now();
    for (int b = 0; b < batches; b++) {
        PQclear(ask("BEGIN"));
        for (int t = 0; t < tables; t++) {
            const char *values[COLUMNS];
            for (int c = 0; c < columns[t]; c++) values[c] = PQgetvalue(taken[b][t], 0, c);
            PGresult *result = PQexecPrepared(connection, argv[3 + t], columns[t], values, NULL, NULL, 0);
            if (PQresultStatus(result) != PGRES_COMMAND_OK) { fputs(PQerrorMessage(connection), stderr); return 1; }
            PQclear(result);
        }
        PQclear(ask("COMMIT"));
    }
    printf("%d %f\n", rows, now() - start);
    return 0;
}

#!/usr/bin/env python3
"""What the accounting rules of a table add to what is shown: which of them hold in a site's data, and how many small
numbers whoever knows them works out.

Usage: pip install duckdb
       python3 benches/identities.py sample-data/pingshan

The rule that matters ties a stock to its flows: open today = open yesterday + accepted - closed. The program knows it where
datasets.toml declares it (docs/protection.md); here is what it would tell if stocks were shown exactly, every day and at
every area. Where the top area's accepted cases of each day are known, every area accepted at least what its stock rose by,
and all of them together no more than the total: what is left over is all that can stand between. Stocks below the
threshold are taken as hidden, with nothing else.
"""

import sys

import duckdb

BELOW = 5
WIDE = BELOW - 2  # as wide as a mark

# part, whole
PARTS = {
    "dispute_day": [("success_cnt", "closed_cnt"), ("over30d_cnt", "open_cnt"), ("escalated_cnt", "accepted_cnt")],
    "ent_request_month": [("ontime_cnt", "closed_cnt"), ("closed_cnt", "received_cnt")],
    "legal_public_month": [("satisfied_cnt", "rated_cnt"), ("rated_cnt", "served_cnt"), ("plan_cnt", "served_cnt")],
    "service_group_month": [("contact_done_cnt", "contact_due_cnt"), ("aid_linked_cnt", "person_cnt")],
    "incident_month": [("response_cnt", "incident_cnt")],
    "court_month": [("psych_support_cnt", "accepted_cnt"), ("closed_cnt", "accepted_cnt")],
    "entity_month": [("active_cnt", "entity_cnt"), ("addr_linked_cnt", "entity_cnt")],
    "ent_credit_month": [("loan_entity_cnt", "entity_cnt")],
}


def table(con, data, name, keys):
    """The rows that count: of those with one key the last."""
    import os

    path = f"{data}/{name}"
    if os.path.isdir(path):
        parts = sorted(os.listdir(path))
        union = " UNION ALL BY NAME ".join(
            f"SELECT *, {n} AS part FROM read_parquet('{path}/{p}')" for n, p in enumerate(parts)
        )
    else:
        union = f"SELECT *, 0 AS part FROM read_parquet('{path}.parquet')"
    con.sql(
        f"CREATE TABLE {name} AS SELECT * FROM ({union}) "
        f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY part DESC) = 1"
    )


KEYS = {
    "dispute_day": "stat_date, area_code, channel, dispute_type",
    "ent_request_month": "stat_month, area_code, channel",
    "legal_public_month": "stat_month, area_code, service",
    "service_group_month": "stat_month, area_code, group_code",
    "incident_month": "stat_month, area_code, incident_class",
    "court_month": "stat_month, area_code, track",
    "entity_month": "stat_month, area_code, entity_type, industry_code",
    "ent_credit_month": "stat_month, area_code, credit_grade",
}


def main(site):
    con = duckdb.connect()
    for name, keys in KEYS.items():
        table(con, f"{site}/data", name, keys)
        for part, whole in PARTS[name]:
            rows, broken = con.sql(
                f"SELECT count(*), count(*) FILTER ({part} > {whole}) FROM {name} "
                f"WHERE {part} IS NOT NULL AND {whole} IS NOT NULL"
            ).fetchall()[0]
            print(f"{name}: {part} <= {whole}: broken in {broken} of {rows} rows")
    # Days without a row are zero in this table.
    con.sql("""
        CREATE TABLE daily AS
        WITH days AS (SELECT DISTINCT stat_date FROM dispute_day), areas AS (SELECT DISTINCT area_code FROM dispute_day),
        sums AS (SELECT stat_date, area_code, sum(accepted_cnt) AS acc, sum(closed_cnt) AS closed, sum(open_cnt) AS open
                 FROM dispute_day GROUP BY ALL)
        SELECT stat_date, area_code, coalesce(acc, 0) AS acc, coalesce(closed, 0) AS closed, coalesce(open, 0) AS open,
               coalesce(open, 0) - lag(coalesce(open, 0), 1, 0) OVER w AS rise, lag(coalesce(open, 0), 1, 0) OVER w AS before
        FROM days CROSS JOIN areas LEFT JOIN sums USING (stat_date, area_code)
        WINDOW w AS (PARTITION BY area_code ORDER BY stat_date)
    """)
    rows, broken = con.sql("SELECT count(*), count(*) FILTER (rise <> acc - closed) FROM daily").fetchall()[0]
    print(f"dispute_day: open = open before + accepted - closed: broken on {broken} of {rows} days of an area")
    con.sql(f"""
        CREATE TABLE bounds AS
        SELECT *,
               CASE WHEN open BETWEEN 1 AND {BELOW - 1} THEN 1 ELSE open END
                 - CASE WHEN before BETWEEN 1 AND {BELOW - 1} THEN {BELOW - 1} ELSE before END AS least_rise,
               greatest(least_rise, 0) AS least,
               sum(acc) OVER d - sum(greatest(least_rise, 0)) OVER d AS slack,
               sum(acc) OVER d AS total
        FROM daily WINDOW d AS (PARTITION BY stat_date)
    """)
    for what, column, of in [
        ("accepted cases of an area and day", "acc", f"least > 0 AND slack < {WIDE} AND total >= {BELOW}"),
        ("of these known exactly", "acc", f"slack = 0 AND total >= {BELOW}"),
    ]:
        small, found = con.sql(
            f"SELECT count(*), count(*) FILTER ({of}) FROM bounds WHERE {column} BETWEEN 1 AND {BELOW - 1}"
        ).fetchall()[0]
        print(f"{what}: {found} of {small} small ones worked out")
    days, small = con.sql(
        f"SELECT count(*), count(*) FILTER (closed BETWEEN 1 AND {BELOW - 1}) FROM "
        "(SELECT stat_date, sum(closed) AS closed FROM daily GROUP BY 1)"
    ).fetchall()[0]
    print(f"closed cases of the top area and day: small on {small} of {days} days, each known exactly")


if __name__ == "__main__":
    main(sys.argv[1])

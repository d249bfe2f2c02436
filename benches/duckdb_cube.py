#!/usr/bin/env python3
"""The cube of a site by DuckDB and by onemap, from the same files in one run: is it equal, and what does it cost?

    python3 benches/duckdb_cube.py --site DIR [--threads 2] [--runs 5] [--onemap target/release/onemap]

Needs Python 3.11 and `pip install duckdb`. The site must be a sample (made by `onemap generate`): the cube is compared
by one mixed sum per figure, which onemap gives for demonstration data only.

What DuckDB is asked for: per table and time column one query with a filtered aggregate per measure, grouped by area
(of the level that figures are kept at) and day or month, read from Parquet with only the columns needed; tables in
parts are corrected by key with an anti join against the corrections. It does less than onemap, in DuckDB's favour: no roll-up
to parent areas, no running sums, no check of texts and codes, no search for repeated keys inside a part, and of
medians only one number per area and day where onemap keeps them all. onemap counts as `onemap compute --no-cache` does:
as of the ends of days.
"""
import argparse, glob, itertools, json, os, re, resource, statistics, subprocess, sys, time, tomllib

import duckdb

MOD = 1000003


def load(path):
    with open(path, "rb") as f:
        return tomllib.load(f)


def offset_of(site):
    """Seconds east of UTC; the script knows zones that never change their clocks."""
    from zoneinfo import ZoneInfo
    from datetime import datetime
    zone = ZoneInfo(site["time_zone"])
    offsets = {datetime(year, month, 1, tzinfo=zone).utcoffset() for year in range(2000, 2040) for month in (1, 7)}
    if len(offsets) != 1:
        sys.exit("this script compares sites whose time zone has one offset")
    return int(offsets.pop().total_seconds())


def filtered(expr, where):
    """Puts a filter behind each aggregate of an expression; in a signed sum an empty part adds nothing."""
    if not where:
        return expr
    out, at, parts = "", 0, 0
    for match in re.finditer(r"(sum|count)\(", expr):
        if match.start() < at:
            continue
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(expr[end], 0)
            end += 1
        out += f"{expr[at:match.start()]}coalesce({expr[match.start():end]} FILTER (WHERE {where}), 0)"
        at, parts = end, parts + 1
    plain = f"{expr} FILTER (WHERE {where})"
    return out + expr[at:] if parts > 1 else plain


class Bench:
    def __init__(self, folder):
        self.dir = folder
        self.site = load(f"{folder}/site.toml")
        self.offset = offset_of(self.site)
        self.catalogue = load(f"{folder}/catalogue.toml")
        self.codes = load(f"{folder}/messages/zh.toml")["code"]
        self.tables = {t["id"]: t for d in load(f"{folder}/datasets.toml")["dataset"] for t in d["table"]}
        levels = self.site["level"]
        rank = {level["id"]: i for i, level in enumerate(levels)}
        rows = self.catalogue["indicator"] + self.catalogue.get("breakdown", [])
        self.level = max(rank[row["finest_area"]] for row in rows)
        self.length = levels[self.level]["code_length"]
        with open(f"{folder}/areas.geojson", encoding="utf-8") as f:
            codes = [x["properties"]["code"] for x in json.load(f)["features"]]
        order = sorted(codes, key=lambda c: (len(c), c))
        self.index = {code: i for i, code in enumerate(order)}
        self.lanes = [c for c in order if len(c) <= self.length]

    def column(self, table, name):
        return next(c for c in self.tables[table]["columns"] if c["id"] == name)

    def figures(self):
        """(name, table, aggregate, filter, time column, window) of every side of every figure."""
        for kind in ("indicator", "breakdown"):
            for row in self.catalogue.get(kind, []):
                num, den = row["numerator"], row.get("denominator")
                time = row.get("time_column")
                by = row.get("by", [])
                lists = [self.codes[self.column(num["table"], c)["codes"]] for c in by]
                for cell in itertools.product(*lists):
                    where = [num["where"]] if num.get("where") else []
                    for column, code in zip(by, cell):
                        number = self.column(num["table"], column)["type"] == "int"
                        where.append(f"{column}={code}" if number else f"{column}='{code}'")
                    name = "/".join([row["id"], "numerator", *cell])
                    yield self.side(name, num, where, time, row["window"])
                    if den:
                        name = "/".join([row["id"], "denominator", *cell])
                        where = [den["where"]] if den.get("where") else []
                        same = time if den["table"] == num["table"] else None
                        yield self.side(name, den, where, same, row.get("denominator_window", row["window"]))

    def side(self, name, side, where, time, window):
        where = [re.sub(r"\w+\s*<=?\s*:now\s*-\s*\d+", "true", w) for w in where]
        time = time or self.tables[side["table"]]["time_column"]
        return name, side["table"], side["expr"], " AND ".join(f"({w})" for w in where), time, window

    def files(self, table):
        parts = sorted(glob.glob(f"{self.dir}/data/{table}.parquet") + glob.glob(f"{self.dir}/data/{table}/*.parquet"))
        return parts

    def source(self, table):
        """Reads a table as onemap counts it: rows of a corrections part replace earlier ones by key."""
        parts = self.files(table)
        quoted = lambda paths: "[" + ",".join(f"'{p}'" for p in paths) + "]"
        fixes = [p for p in parts if "corrections" in os.path.basename(p)]
        base = [p for p in parts if p not in fixes]
        if not fixes:
            return f"read_parquet({quoted(base)})"
        key = ", ".join(self.tables[table]["key"])
        return (f"(SELECT * FROM read_parquet({quoted(base)}) ANTI JOIN (SELECT {key} FROM read_parquet({quoted(fixes)})) "
                f"USING ({key}) UNION ALL BY NAME SELECT * FROM read_parquet({quoted(fixes)}))")

    def queries(self):
        groups = {}
        for name, table, expr, where, time, window in self.figures():
            groups.setdefault((table, time), {}).setdefault((expr, where), []).append((name, window))
        for (table, time), measures in groups.items():
            declared = self.tables[table]
            area = next((c["id"] for c in declared["columns"] if c["type"] == "area"), None)
            kind = self.column(table, time)["type"]
            exact = declared["rollup"] == "exact"
            lane = "''" if area is None else area if exact else f"left({area}, {self.length})"
            if kind == "time":
                place = f"CAST(({time} + {self.offset}) // 86400 AS INTEGER)"
            elif kind == "date":
                place = f"({time} - DATE '1970-01-01')"
            else:
                place = f"(year({time}) * 12 + month({time}) - 1)"
            columns, names = [], {}
            for i, ((expr, where), figures) in enumerate(measures.items()):
                distinct = re.fullmatch(r"count\(DISTINCT (\w+)\)", expr)
                median = re.fullmatch(r"median\((.*)\)", expr)
                expr = f"sum({median[1]})" if median else expr
                columns.append(f"{filtered(expr, where)} AS m{i}")
                names[f"m{i}"] = figures
            sql = f"SELECT {lane} AS lane, {place} AS place, {', '.join(columns)} FROM {self.source(table)} GROUP BY ALL"
            yield f"{table}__{time}", sql, names, kind, exact

    def compute(self, threads, con=None):
        con = con or duckdb.connect(config={"threads": threads})
        began = time.perf_counter()
        for name, sql, *_ in self.queries():
            con.execute(f"CREATE TEMP TABLE {name} AS {sql}")
        return con, time.perf_counter() - began

    def fingerprints(self, con, forms):
        """One mixed sum per figure over all its cells: what `onemap bench cells` prints."""
        rows = [(c, self.index[a], c == a) for c in self.lanes for a in self.lanes if c.startswith(a)]
        con.execute("CREATE TEMP TABLE up(lane VARCHAR, area BIGINT, own BOOLEAN)")
        con.execute("INSERT INTO up VALUES " + ",".join(f"('{l}',{a},{o})" for l, a, o in rows))
        con.execute(f"INSERT INTO up VALUES ('',{self.index[self.lanes[0]]},true)")
        out = {}
        for name, _, columns, kind, exact in self.queries():
            for column, figures in columns.items():
                for figure, window in figures:
                    form = forms[figure]
                    place = "0" if form == "now" else "CAST(place AS BIGINT)"
                    if form == "rows" and kind == "month":
                        place = "(make_date(CAST(place // 12 AS BIGINT), CAST(place % 12 + 1 AS BIGINT), 1) - DATE '1970-01-01')"
                    keep = "own" if exact or form == "rows" else "true"
                    present = "true" if form == "now" else "place IS NOT NULL"
                    sql = (f"SELECT coalesce(sum({column} * (((CAST(area AS BIGINT) * 7919 + {place} * 104729) % {MOD}) / {MOD}.0)), 0) "
                           f"FROM {name} JOIN up USING (lane) WHERE {keep} AND {present}")
                    out[figure] = con.execute(sql).fetchone()[0]
        return out


def child(bench, threads):
    """One run in its own process, so that memory and time are its own."""
    started = resource.getrusage(resource.RUSAGE_SELF)
    con, wall = bench.compute(threads)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - started.ru_utime - started.ru_stime
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mib": used.ru_maxrss / 1024}))


def measure(command):
    began = time.perf_counter()
    done = subprocess.Popen(command, stdout=subprocess.PIPE)
    text = done.stdout.read()
    _, status, used = os.wait4(done.pid, 0)
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return json.loads(text), time.perf_counter() - began, used


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--site", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--onemap", default="target/release/onemap")
    parser.add_argument("--no-compare", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    bench = Bench(args.site)
    if args.child:
        return child(bench, args.threads)
    if not args.no_compare:
        compare(bench, args)
    ours, theirs = [], []
    # Turn about, so that what else the machine does falls on both alike. The first run of each warms the disk cache.
    for run in range(args.runs + 1):
        one, wall, used = measure([args.onemap, "bench", "cube", "--site", args.site])
        cpu = used.ru_utime + used.ru_stime
        ours.append((one["cube_millis"] / 1000, wall, cpu, used.ru_maxrss / 1024))
        two, wall, used = measure([sys.executable, __file__, "--site", args.site, "--threads", str(args.threads), "--child"])
        theirs.append((two["wall"], wall, two["cpu"], two["peak_mib"]))
    names = ["files to cube, s (process start excluded)", "whole process, s", "processor time, s", "peak memory, MiB"]
    print(f"{'':<44}{'onemap':>10}{'DuckDB':>10}{'ratio':>8}   runs (min-max), onemap | DuckDB")
    for i, name in enumerate(names):
        a, b = [r[i] for r in ours[1:]], [r[i] for r in theirs[1:]]
        spread = f"{min(a):.3f}-{max(a):.3f} | {min(b):.3f}-{max(b):.3f}"
        print(f"{name:<44}{statistics.median(a):>10.3f}{statistics.median(b):>10.3f}"
              f"{statistics.median(a) / statistics.median(b):>8.2f}   {spread}")
    print(f"DuckDB {duckdb.__version__}, {args.threads} threads, {args.runs} runs each, turn about; load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")


def compare(bench, args):
    one, _, _ = measure([args.onemap, "bench", "cells", "--site", args.site])
    ours = {f["figure"]: f for f in one["cells"]}
    con, _ = bench.compute(args.threads)
    theirs = bench.fingerprints(con, {name: f["form"] for name, f in ours.items()})
    if set(ours) != set(theirs):
        sys.exit(f"figures differ: {sorted(set(ours) ^ set(theirs))[:10]}")
    wrong = [(n, ours[n]["mixed"], v) for n, v in theirs.items() if abs(ours[n]["mixed"] - v) > 1e-7 * max(1.0, abs(v))]
    for name, a, b in wrong[:20]:
        print(f"differs: {name}: onemap {a}, DuckDB {b}")
    print(f"{len(ours) - len(wrong)} of {len(ours)} sides of figures equal over all areas and days")
    if wrong:
        sys.exit(1)


main()

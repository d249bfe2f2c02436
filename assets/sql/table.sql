
-- {dataset}: {row}
CREATE TABLE IF NOT EXISTS {schema}.{table} (
{columns},
    onemap_transaction bigint NOT NULL DEFAULT 0,
    onemap_change bigint NOT NULL DEFAULT 0,
    PRIMARY KEY ({key})
);
CREATE INDEX IF NOT EXISTS {table}_onemap ON {schema}.{table} (onemap_transaction, onemap_change);
DROP TRIGGER IF EXISTS onemap_stamp ON {schema}.{table};
CREATE TRIGGER onemap_stamp BEFORE INSERT OR UPDATE ON {schema}.{table}
    FOR EACH ROW EXECUTE FUNCTION {schema}.onemap_stamp();
DROP TRIGGER IF EXISTS onemap_wake ON {schema}.{table};
CREATE TRIGGER onemap_wake AFTER INSERT OR UPDATE ON {schema}.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.onemap_wake();
